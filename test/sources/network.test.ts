// Links and addresses: natively, in a network namespace of the test's own.
import '../support/tidy-up';
import { createReactor, node } from '../../src';

import { runs, testWith } from '../support/commands';
import { start } from '../support/program';
import { traceFile } from '../support/recording';

const apart = runs('unshare', '-n', 'ip', 'link', 'set', 'lo', 'up');
const testApart = testWith(apart, 'right to make a network namespace, or no ip');

async function play<Result>(scene: string, ...more: string[]): Promise<Result> {
  const program = start('sources/programs/network.mjs', {
    parameters: [scene, ...more],
    through: ['unshare', '-n'],
  });
  const result = await program.next<Result>();
  expect(await program.ended).toMatchObject({ code: 0, stderr: '' });
  return result;
}

describe('the network', () => {
  testApart('R0.9: lo up and down are two events, and its addresses come and go', async () => {
    const { lines } = await play<{ lines: string[] }>('lo', traceFile());
    expect(lines.filter((line) => line.startsWith('lo '))).toEqual(['lo up', 'lo down']);
    expect(lines.slice(0, lines.indexOf('lo down'))).toEqual(
      expect.arrayContaining(['+ IPv4 127.0.0.1/8', '+ IPv4 10.1.2.3/24', '- IPv4 10.1.2.3/24']),
    );
  });

  testApart('R0.9: both replays hear the same, and no network is touched', async () => {
    const { lines, again, core, program } = await play<Record<string, unknown>>('lo', traceFile());
    expect({ core, program }).toEqual({ core: 'identical', program: 'identical' });
    expect(again).toEqual(lines);
  });

  testApart('what the socket could not hold is told as an overrun, and it goes on', async () => {
    const { heard, last, lost, eof } = await play<Record<string, unknown>>('overrun');
    expect(heard).toEqual(expect.arrayContaining(['overrun']));
    expect(heard).not.toContain('ENOBUFS');
    expect({ last, lost, eof }).toEqual({ last: 'address', lost: true, eof: false });
  });

  test('a host without netlink refuses by name', async () => {
    const reactor = createReactor({ host: node() });
    const watch = reactor.watchNetwork({ error() {} });
    await expect(watch.ready()).rejects.toMatchObject({ code: 'EOPNOTSUPP', syscall: 'open' });
    await reactor.close();
  });

  test('what makes no sense is refused by name', async () => {
    const reactor = createReactor({ host: node() });
    const code = 'ERR_INVALID_ARG_TYPE';
    expect(() => reactor.watchNetwork(null as never)).toThrow(expect.objectContaining({ code }));
    for (const receiveBuffer of [-1, 1.5, 2 ** 31, '1' as unknown as number]) {
      expect(() => reactor.watchNetwork({}, { receiveBuffer })).toThrow(
        expect.objectContaining({ code }),
      );
    }
    await reactor.close();
  });
});
