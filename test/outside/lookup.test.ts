// Names of hosts, as events of the loop.
import { promises as dns } from 'node:dns';
import type { Reactor } from '../../src/index';
import { createOutside, lookup } from '../../src/outside';
import { forOneHost } from '../support/conformance';
import { dial } from '../support/peer';
import { IDENTICAL, recordRun, replayBoth } from '../support/recording';
import '../support/tidy-up';

forOneHost('lookup', (bench) => {
  test('R0.26: names are looked up outside of the loop, with options and errors of node:dns', async () => {
    const outside = createOutside(bench.reactor());
    expect(await lookup(outside, 'localhost', { family: 4 })).toEqual({
      address: '127.0.0.1',
      family: 4,
    });
    expect(await lookup(outside, '127.0.0.2')).toEqual({ address: '127.0.0.2', family: 4 });
    const all = await lookup(outside, 'localhost', { all: true, order: 'ipv4first' });
    expect(all[0]).toEqual({ address: '127.0.0.1', family: 4 });
    // RFC 6761, section 6.4: no name ends so.
    await expect(lookup(outside, 'nobody.invalid')).rejects.toMatchObject({
      code: expect.stringMatching(/^(ENOTFOUND|EAI_AGAIN)$/),
      syscall: 'getaddrinfo',
      hostname: 'nobody.invalid',
    });
  });

  test('arguments that cannot be are refused by name', async () => {
    const outside = createOutside(bench.reactor());
    const bad = expect.objectContaining({ code: 'ERR_CALANDRIA_BAD_OPTION' });
    const wrong = expect.objectContaining({ code: 'ERR_INVALID_ARG_TYPE' });
    expect(() => lookup(outside, 'a', { family: 5 as never })).toThrow(bad);
    expect(() => lookup(outside, 'a', { order: 'any' as never })).toThrow(bad);
    expect(() => lookup(outside, 1 as never)).toThrow(wrong);
    expect(() => lookup({} as never, 'a')).toThrow(wrong);
    expect(() => lookup(outside, 'a', { all: 1 as never })).toThrow(wrong);
  });
});

test('R0.26: a program that dials by name replays without looking it up', async () => {
  const heard: string[] = [];
  /** Greets whoever comes, and then whom it finds under the name. */
  const program = (reactor: Reactor) => {
    const outside = createOutside(reactor);
    const listener = reactor.listen(
      { port: 0 },
      {
        async open(connection) {
          const { address } = await lookup(outside, 'localhost', { family: 4 });
          const missing = await lookup(outside, 'nobody.invalid').catch(({ code }) => code);
          heard.push(`${reactor.turn} ${address} ${missing}`);
          const { port } = await listener.ready();
          if (heard.length % 2 === 0) return void connection.end(address);
          reactor.connect({ address, port }, { data: () => void connection.end(address) });
        },
      },
    );
    return listener;
  };
  const file = await recordRun(program, async ({ port }) => {
    const peer = await dial(port);
    await peer.ended;
    expect(String(peer.received)).toBe('127.0.0.1');
    peer.end();
    await peer.closed;
  });
  const looking = jest.spyOn(dns, 'lookup');
  try {
    expect(await replayBoth(file, program)).toEqual(IDENTICAL);
    expect(looking).not.toHaveBeenCalled();
  } finally {
    looking.mockRestore();
  }
  expect(heard.length).toBe(4);
  expect(heard.slice(2)).toEqual(heard.slice(0, 2));
});
