// Every example runs as its first lines say, and does what it promises.
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import {
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { createServer, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pattern } from './support/conformance';
import { closeDatagramClients, datagramClient } from './support/datagrams';
import { dial } from './support/peer';
import { type Program, start } from './support/program';
import './support/tidy-up';

const folder = join(__dirname, '..', 'examples');

/** Starts an example that listens nowhere. */
function begin(name: string, ...parameters: (string | number)[]): Program {
  return start(join('..', 'examples', name), { parameters });
}

/** Starts an example on a free port; resolves with the port that it prints. */
async function run(name: string, ...parameters: (number | string)[]): Promise<[Program, number]> {
  const program = start(join('..', 'examples', name), { parameters });
  const [line] = (await Promise.race([
    once(program.child.stdout as NodeJS.ReadableStream, 'data'),
    program.ended.then(({ stderr }) => Promise.reject(new Error(stderr))),
  ])) as [Buffer];
  const port = /^[\w-]+ on 127\.0\.0\.1:(\d+)/.exec(String(line))?.[1];
  expect(port).toBeDefined();
  return [program, Number(port)];
}

async function interrupt(program: Program): Promise<void> {
  program.child.kill('SIGINT');
  expect(await program.ended).toMatchObject({ code: 0, stderr: '' });
}

function residentBytes(program: Program): number {
  const status = readFileSync(`/proc/${program.child.pid}/status`, 'utf8');
  return Number(/VmRSS:\s+(\d+)/.exec(status)?.[1]) * 1024;
}

describe('examples', () => {
  test('each has a test here', () => {
    const names = readdirSync(folder).filter((name) => name.endsWith('.mjs'));
    const own = readFileSync(__filename, 'utf8');
    const started = (name: string): boolean =>
      own.includes(`run('${name}'`) || own.includes(`begin('${name}'`);
    expect(names.filter((name) => !started(name))).toEqual([]);
  });

  test('echo-state: echoes, half-closes, and ends on SIGINT', async () => {
    const [program, port] = await run('echo-state.mjs', 0);
    const peer = await dial(port);
    await peer.write('is anybody there?');
    peer.end();
    await peer.ended;
    expect(String(peer.received)).toBe('is anybody there?');
    await interrupt(program);
  });

  test('udp-echo: every datagram comes back, and it ends on SIGINT', async () => {
    const [program, port] = await run('udp-echo.mjs', 0);
    const client = await datagramClient();
    for (const text of ['hello', '', 'good bye']) await client.send(text, port, '127.0.0.1');
    expect((await client.got(3)).map(String)).toEqual(['hello', '', 'good bye']);
    await closeDatagramClients();
    await interrupt(program);
  });

  test('posts: what the workers found is counted once, and then everything ends', async () => {
    const program = begin('posts.mjs', 3, 10_000);
    expect(await program.ended).toMatchObject({
      ...{ code: 0, stderr: '', stdout: '1229 primes below 10000\n' },
    });
  });

  test('watch: tells what changes in a folder, and ends on SIGINT', async () => {
    const watched = mkdtempSync(join(tmpdir(), 'calandria-example-'));
    const program = begin('watch.mjs', watched);
    const lines = (program.child.stdout as NodeJS.ReadableStream)[Symbol.asyncIterator]();
    expect(String((await lines.next()).value)).toBe(`watching ${watched}\n`);
    writeFileSync(join(watched, 'a'), '');
    expect(String((await lines.next()).value)).toBe('create a\n');
    await interrupt(program);
    rmSync(watched, { recursive: true });
  });

  test('R4.8: static-server: 200, 206, 304, and nothing outside of its folder', async () => {
    const root = mkdtempSync(join(tmpdir(), 'calandria-example-'));
    const bytes = pattern(3_000_000);
    mkdirSync(join(root, 'www'));
    writeFileSync(join(root, 'secret'), 'secret');
    writeFileSync(join(root, 'www/file'), bytes);
    symlinkSync('../secret', join(root, 'www/escape'));
    const [program, port] = await run('static-server.mjs', join(root, 'www'), 0);
    const ask = async (target: string, ...fields: string[]): Promise<Buffer> => {
      const peer = await dial(port);
      await peer.write([`GET ${target} HTTP/1.1`, 'Host: x', ...fields, '', ''].join('\r\n'));
      await peer.ended;
      return peer.received;
    };
    const statusOf = (answer: Buffer): string => String(answer.subarray(9, 12));
    const whole = await ask('/file');
    expect(statusOf(whole)).toBe('200');
    expect(whole.subarray(whole.indexOf('\r\n\r\n') + 4).equals(bytes)).toBe(true);
    const part = await ask('/file', 'Range: bytes=10-19');
    expect(statusOf(part)).toBe('206');
    expect(part.subarray(-10).equals(bytes.subarray(10, 20))).toBe(true);
    const modified = /Last-Modified: (.*)\r\n/.exec(part.toString('latin1'))?.[1];
    expect(statusOf(await ask('/file', `If-Modified-Since: ${modified}`))).toBe('304');
    const wrong = { '/': '404', '/none': '404', '/escape': '404', '/../secret': '403' };
    const encoded = {
      '/%2e%2e/secret': '403',
      '/..%5csecret': '403',
      '/file%00': '400',
      '/%': '400',
    };
    for (const [target, status] of Object.entries({ ...wrong, ...encoded })) {
      expect([target, statusOf(await ask(target))]).toEqual([target, status]);
    }
    await interrupt(program);
    rmSync(root, { recursive: true });
  });

  test('chat: every line goes to everybody else', async () => {
    const [program, port] = await run('chat.mjs', 0);
    const alice = await dial(port);
    await alice.receive('* welcome; 0 others are here\n'.length);
    const bob = await dial(port);
    await bob.receive('* welcome; 1 others are here\n'.length);
    const name = `guest-${(alice.socket.address() as { port: number }).port}`;
    await alice.write('good ');
    await alice.write('day\nhow are you?\n');
    const expected = `* welcome; 1 others are here\n${name}: good day\n${name}: how are you?\n`;
    expect(String(await bob.receive(expected.length))).toBe(expected);
    alice.end();
    await alice.closed;
    const parting = `${expected}* ${name} leaves\n`;
    expect(String(await bob.receive(parting.length))).toBe(parting);
    bob.end();
    await bob.closed;
    await interrupt(program);
  });

  test('chat: who does not read is put out, the others do not notice', async () => {
    const [program, port] = await run('chat.mjs', 0);
    const [alice, bob] = [await dial(port), await dial(port)];
    await bob.receive(1);
    const carol = await dial(port);
    await carol.receive(1);
    carol.socket.pause();
    let tail = '';
    let out = false;
    bob.socket.on('data', (chunk) => {
      tail = (tail + chunk).slice(-100_000);
      out ||= tail.includes('reads too slowly');
      tail = tail.slice(-100);
    });
    const lines = `${'x'.repeat(999)}\n`.repeat(100);
    // In steps, each heard before the next: bob keeps up, and carol's kernel fills.
    for (let step = 0; !out && step < 500; step++) {
      const heard = bob.receivedLength;
      await alice.write(lines);
      await bob.arrived(heard + lines.length);
    }
    expect(out).toBe(true);
    alice.end();
    bob.end();
    carol.destroy();
    await Promise.all([alice.closed, bob.closed]);
    await interrupt(program);
  });

  test('proxy: a slow target is felt by the writer, and nothing piles up between', async () => {
    const total = 48 << 20;
    const hash = createHash('sha256');
    let received = 0;
    let target: Socket | undefined;
    const server = createServer({ allowHalfOpen: true }, (socket) => {
      target = socket.pause();
      socket.on('data', (chunk) => {
        hash.update(chunk);
        received += chunk.length;
      });
      socket.on('end', () => socket.end(`${received} bytes`));
    }).listen(0, '127.0.0.1');
    await once(server, 'listening');
    const [program, port] = await run('proxy.mjs', (server.address() as { port: number }).port, 0);
    const before = residentBytes(program);
    const writer = await dial(port);
    const bytes = Buffer.alloc(total);
    for (let at = 0; at < total; at += 4096) bytes.writeUInt32LE(at, at);
    const written = writer.write(bytes);
    writer.end();
    // Nobody reads: the writer comes to a stop with most of it unsent, and node still holds it.
    await untilQuiet(() => writer.socket.bytesWritten);
    expect(writer.socket.writableLength).toBeGreaterThan(0);
    expect(residentBytes(program) - before).toBeLessThan(16 << 20);
    target?.resume();
    await written;
    await writer.ended;
    expect(String(writer.received)).toBe(`${total} bytes`);
    expect(hash.digest('hex')).toBe(createHash('sha256').update(bytes).digest('hex'));
    expect(residentBytes(program) - before).toBeLessThan(16 << 20);
    await writer.closed;
    await new Promise((resolve) => server.close(resolve));
    await interrupt(program);
  });

  test('send-file: sends what is in its folder, and nothing else', async () => {
    const served = mkdtempSync(join(tmpdir(), 'calandria-example-'));
    const bytes = Buffer.alloc(3_000_000, 'a file ');
    writeFileSync(join(served, 'file'), bytes);
    const [program, port] = await run('send-file.mjs', served, 0);
    const ask = async (line: string): Promise<string> => {
      const peer = await dial(port);
      await peer.write(`${line}\r\n`);
      await peer.ended;
      peer.end();
      await peer.closed;
      return peer.received.toString('latin1');
    };
    const head = `HTTP/1.1 200 OK\r\nContent-Length: ${bytes.length}\r\n\r\n`;
    expect((await ask('GET /file HTTP/1.1')) === head + bytes.toString('latin1')).toBe(true);
    for (const name of [
      'nothing',
      '../file',
      '/etc/passwd',
      '.',
      '',
      'GET',
      'GET /../x HTTP/1.1',
    ]) {
      expect(await ask(name)).toMatch(/^HTTP\/1.1 404 /);
    }
    await interrupt(program);
    rmSync(served, { recursive: true });
  });

  test('proxy: a target that is not there closes the client', async () => {
    const server = createServer().listen(0, '127.0.0.1');
    await once(server, 'listening');
    const { port: nobody } = server.address() as { port: number };
    await new Promise((resolve) => server.close(resolve));
    const [program, port] = await run('proxy.mjs', nobody, 0);
    const peer = await dial(port);
    await peer.ended;
    await interrupt(program);
  });
});

/**
 * Until a figure stands still for 20 rounds of the event loop's timers: there is no event for "no
 * more".
 */
async function untilQuiet(figure: () => number): Promise<void> {
  let last = -1;
  for (let still = 0; still < 20; still++) {
    if (figure() !== last) still = 0;
    last = figure();
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}
