// calandria replay: every verdict, and its exit code.
import { once } from 'node:events';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { changeOneByte } from '../../src/cli/demo-trace';
import { openTrace } from '../../src/trace';
import { encodeHeader, FILE_HEAD } from '../../src/trace/format';
import { dial, exchange, recordEcho, run, scratchFolder, startEcho } from './run';

const folder = scratchFolder();
const file = join(folder, 'echo.trace');

beforeAll(() => recordEcho(file));

function write(name: string, content: string | Buffer): string {
  const path = join(folder, name);
  writeFileSync(path, content);
  return path;
}

describe('replay', () => {
  it('exits 0 when both replays are identical', async () => {
    const { code, stdout, stderr } = await run(['replay', file]);
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    expect(stdout).toMatch(/^core +identical/m);
    expect(stdout).toMatch(/^program +identical/m);
  });

  it('prints one JSON object with --json', async () => {
    const { code, stdout } = await run(['replay', file, '--json']);
    const { trace, core, program } = JSON.parse(stdout);
    expect(code).toBe(0);
    expect(trace).toMatchObject({ file, program: { name: 'echo' }, ending: 'complete' });
    expect(core).toMatchObject({ verdict: 'identical', turns: trace.lastTurn });
    expect(program).toMatchObject({ verdict: 'identical', turns: trace.lastTurn });
  });

  it('runs no program with --core', async () => {
    const { code, stdout } = await run(['replay', file, '--core']);
    expect(code).toBe(0);
    expect(stdout).toMatch(/^core +identical/);
    expect(stdout).not.toContain('program');
  });

  it('exits 1 and shows both sides when a byte that was echoed differs', async () => {
    const change = changeOneByte(file, folder);
    const { code, stdout } = await run(['replay', change.file]);
    expect(code).toBe(1);
    expect(stdout).toMatch(/^core +diverged/m);
    expect(stdout).toMatch(/^program +diverged/m);
    expect(stdout).toContain(
      `turn ${change.turn}, connection ${change.connection}, operation write, byte ${change.place}`,
    );
    expect(stdout).toMatch(/recorded .*message \d of .*\n +replayed .*Message \d of/);
  });

  it('replays what is there of a trace that ends early, and names the turn', async () => {
    const whole = readFileSync(file);
    const cut = write('cut.trace', whole.subarray(0, Math.floor(whole.length * 0.6)));
    const { lastTurn, lastTurnEnded } = openTrace(cut);
    const { code, stdout } = await run(['replay', cut]);
    expect(code).toBe(1);
    const where = lastTurnEnded ? 'after' : 'inside';
    expect(stdout).toMatch(new RegExp(`^core +ends early.*${where} turn ${lastTurn}$`, 'm'));
    expect(stdout).toMatch(new RegExp(`^program +ends early.*${where} turn ${lastTurn}$`, 'm'));
    expect((await run(['replay', cut, '--partial'])).code).toBe(0);
  });

  it('replays the recording of a server that was killed', async () => {
    const killed = join(folder, 'killed.trace');
    const server = await startEcho(['--record', killed]);
    const socket = await dial(server.port);
    await exchange(socket, 'the last words');
    socket.on('error', () => {});
    server.child.kill('SIGKILL');
    await once(socket, 'close');
    await server.outcome;
    const { code, stdout } = await run(['replay', killed]);
    expect(code).toBe(1);
    expect(stdout).toMatch(/^program +ends early/m);
    expect((await run(['replay', killed, '--partial'])).code).toBe(0);
  });

  it('exits 2 for damage with blocks behind it, a foreign file, and no file', async () => {
    const damaged = Buffer.from(readFileSync(file));
    const middle = Math.floor(damaged.length / 2);
    damaged[middle] = (damaged[middle] as number) ^ 1;
    const future = Buffer.from(readFileSync(file));
    future.writeUInt32LE(99, 8);
    const cases: [string, RegExp][] = [
      [write('damaged.trace', damaged), /checksum/],
      [write('future.trace', future), /format 99/],
      [write('text.trace', 'no trace at all, but long enough for a header'), /not a trace/],
      [write('empty.trace', ''), /not a trace/],
      [join(folder, 'missing.trace'), /ENOENT.*missing\.trace/],
      [folder, /./],
    ];
    for (const [path, message] of cases) {
      const { code, stdout, stderr } = await run(['replay', path, '--partial']);
      expect({ path, code, stdout }).toEqual({ path, code: 2, stdout: '' });
      expect(stderr).toMatch(message);
      expect(stderr).not.toMatch(/^\s+at /m);
    }
  });

  it('refuses the program of a digest trace with a reason, and replays its core', async () => {
    const digest = join(folder, 'digest.trace');
    await recordEcho(digest, ['--payload', 'digest']);
    const { code, stdout } = await run(['replay', digest]);
    expect(code).toBe(0);
    expect(stdout).toMatch(/^core +identical/m);
    expect(stdout).toMatch(/^program +skipped +.*digest/m);
  });
});

describe('replay of what cannot all be replayed here', () => {
  it('skips the core of another build with the reason, and replays the program', async () => {
    const other = withHeader('other.trace', { coreHash: '0'.repeat(64) });
    const { code, stdout } = await run(['replay', other]);
    expect(code).toBe(0);
    expect(stdout).toMatch(/^core +skipped +.*another core/m);
    expect(stdout).toMatch(/^program +identical/m);
    const only = await run(['replay', other, '--core']);
    expect(only.code).toBe(2);
    expect(only.stderr).toContain('nothing');
  });

  it('asks for --app when the program is not built in', async () => {
    const program = { name: 'chess', parameters: {} };
    const { code, stdout } = await run(['replay', withHeader('chess.trace', { program })]);
    expect(code).toBe(0);
    expect(stdout).toMatch(/^core +identical/m);
    expect(stdout).toMatch(/^program +skipped +.*"chess".*--app/m);
  });
});

/** A copy whose header says something else. */
function withHeader(name: string, change: object): string {
  const whole = readFileSync(file);
  const length = whole.readUInt32LE(12);
  const { header } = openTrace(file);
  const fresh = encodeHeader({ ...header, ...change });
  return write(name, Buffer.concat([fresh, whole.subarray(FILE_HEAD + length)]));
}

describe('replay --app', () => {
  const same = `
    module.exports = (reactor, { port, address }) => reactor.listen({ port, address }, {
      data(connection, bytes) { if (!connection.write(bytes)) connection.read(0); },
      drain(connection) { connection.read(Infinity); },
      end(connection) { connection.end(); },
    });`;

  it.each([
    ['CommonJS', 'same.cjs', same],
    ['an ECMAScript module', 'same.mjs', same.replace('module.exports =', 'export default')],
    ['compiled to CommonJS', 'compiled.cjs', same.replace('module.exports', 'exports.default')],
  ])('takes a program that is %s', async (_, name, text) => {
    const { code, stdout, stderr } = await run(['replay', file, '--app', write(name, text)]);
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    expect(stdout).toMatch(/^program +identical/m);
  });

  it('exits 1 with both sides for a program that behaves differently', async () => {
    const shouting = same.replace(
      'if (!connection.write(bytes)) connection.read(0);',
      "connection.write('WHAT?');",
    );
    const app = write('shouting.cjs', `${shouting}\nsetInterval(() => {}, 1000);`);
    const { code, stdout } = await run(['replay', file, '--app', app]);
    expect(code).toBe(1);
    expect(stdout).toMatch(/^program +diverged/m);
    expect(stdout).toMatch(/recorded .*message 0.*\n +replayed .*WHAT\?/);
  });

  it.each([
    ['is missing', 'no-such-module', '', 'no-such-module'],
    ['has no default export', 'none.cjs', 'exports.echo = () => {};', 'none.cjs'],
    ['throws', 'throws.cjs', "throw new Error('on purpose');", 'on purpose'],
  ])('exits 2 for a module that %s', async (_, name, text, named) => {
    const path = text ? write(name, text) : name;
    const { code, stdout, stderr } = await run(['replay', file, '--app', path]);
    expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
    expect(stderr).toContain(named);
    expect(stderr).not.toMatch(/^\s+at /m);
  });

  it('excludes --core', async () => {
    const { code, stderr } = await run(['replay', file, '--app', 'a', '--core']);
    expect(code).toBe(2);
    expect(stderr).toContain('exclude');
  });
});
