// The sample of a Wasm protocol: netstrings, in AssemblyScript.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { packageRoot } from '../../src/package-root';
import { pipeline, serveProtocol, wasmProtocol } from '../../src/protocols';
import { examine, expectSame, play, type Subject } from '../../src/protocols/kit';
import { forOneHost } from '../support/conformance';
import { echo } from '../support/noting';

const NETSTRING = readFileSync(join(packageRoot(), 'build/protocols/netstring.wasm'));
/** One for all: what it keeps, it keeps with the connection. */
const NETSTRINGS = wasmProtocol(NETSTRING, 'netstring.wasm');
const netstrings: Subject = (note) => pipeline(NETSTRINGS, echo<Uint8Array>(note));
const hex = (text: string): string => Buffer.from(text).toString('hex');

describe('the sample of a Wasm protocol', () => {
  test('R2.4 R2.33: netstrings, however they are cut', async () => {
    const script = '0:,5:hello,12:hello world!,3:a:,,';
    const { noted, said } = expectSame(await examine(netstrings, script)).reference;
    expect(noted).toEqual(['open', ...['', 'hello', 'hello world!', 'a:,'].map(hex)]);
    expect(said.toString()).toBe(script);
  });

  test('R2.4 R2.33: what is no netstring is refused behind those before it', async () => {
    for (const wrong of ['x', ':', '1:ab', '01:a,', '16385:', '99999999999:', '1:a;']) {
      const script = `2:ok,${wrong}3:bad,`;
      const options = { draws: 8, ends: false, resets: wrong === '1:a;' };
      const found = expectSame(await examine(netstrings, script, options));
      const { noted, closed } = found.reference;
      const refused = 'ERR_CALANDRIA_BAD_MESSAGE';
      expect([wrong, ...noted, closed]).toEqual([wrong, 'open', hex('ok'), refused, 'close', true]);
    }
  });

  test('R2.4: messages of every size up to its bound, many in one read, and none beyond', async () => {
    const sizes = [16_384, 1, 9_999, 10_000, 16_383, 0, 16_384, 16_384];
    const script = Buffer.concat(sizes.map((size) => Buffer.from(`${size}:${'x'.repeat(size)},`)));
    for (const cuts of [[], [3, 16_390, 30_000, 70_000]]) {
      const { noted, said } = await play(netstrings, script, { name: 'large', cuts });
      expect(noted.map(({ length }) => length / 2).slice(1)).toEqual(sizes);
      expect(said.equals(script)).toBe(true);
    }
    const errors: unknown[] = [];
    const subject: Subject = () =>
      pipeline(NETSTRINGS, {
        name: 'writer',
        open(link) {
          try {
            link.write(Buffer.alloc(16_385));
          } catch (error) {
            errors.push((error as { code?: string }).code);
          }
          link.end('over');
        },
      });
    expect((await play(subject, [])).said.toString()).toBe('4:over,');
    expect(errors).toEqual(['ERR_CALANDRIA_BAD_MESSAGE']);
  });

  test('R2.4: a layer above that takes one at a time gets them all, and then the end', async () => {
    const subject: Subject = (note, reactor) =>
      pipeline(NETSTRINGS, {
        name: 'slow',
        open: (link) => link.read(1),
        data(link, bytes) {
          note(String(bytes.length));
          reactor.setTimer(1, () => link.read(1));
        },
        end: (link) => link.end('the end'),
      });
    const sizes = Array.from({ length: 40 }, (_, place) => 400 * place);
    const script = sizes.map((size) => `${size}:${'x'.repeat(size)},`);
    const steps = [...script, { stop: 'end' } as const, { wait: 100 }];
    const { noted, said } = await play(subject, steps);
    expect(noted).toEqual(sizes.map(String));
    expect(said.toString()).toBe('7:the end,');
  });

  test('R2.4: an end within a message is an error', async () => {
    const { noted } = await play(netstrings, ['2:ok,3:no', { stop: 'end' }]);
    expect(noted).toEqual(['open', hex('ok'), 'ERR_CALANDRIA_BAD_MESSAGE', 'close']);
  });
});

forOneHost('a Wasm protocol', (bench) => {
  test('R2.4: serves real connections, each with an instance of its own', async () => {
    const server = serveProtocol(
      bench.reactor(),
      pipeline(NETSTRINGS, {
        name: 'reversing',
        data: (link, bytes) => void link.write(Buffer.from(bytes).reverse()),
      }),
      { port: 0 },
    );
    const place = await server.ready();
    const clients = ['abc', 'defg'].map((text) => ({ client: bench.dial(place), text }));
    for (const { client, text } of clients)
      await client.write(`${text.length}:${text.slice(0, 2)}`);
    for (const { client, text } of clients) {
      client.end(`${text.slice(2)},`);
      const reversed = [...text].reverse().join('');
      expect(String(await client.receive(text.length + 3))).toBe(`${text.length}:${reversed},`);
      await client.ended;
    }
  });
});
