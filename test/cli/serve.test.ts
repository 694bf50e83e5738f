// calandria serve: its line, its signals, its workers, its recordings.
import { mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { talk } from '../support/http';
import { run, scratchFolder, startServer, stopEcho as stop } from './run';

const folder = scratchFolder();
const site = join(folder, 'site');

beforeAll(() => {
  mkdirSync(site);
  writeFileSync(join(site, 'index.html'), '<p>index\n');
  writeFileSync(join(site, 'a.txt'), 'text\n');
});

const ask = (port: number, path: string): Promise<string> =>
  talk(port, `GET ${path} HTTP/1.1\r\nHost: a\r\n\r\n`);

describe('serve', () => {
  it.each(['SIGTERM', 'SIGINT'] as const)('serves a folder, and exits 0 on %s', async (signal) => {
    const server = await startServer(['serve', site]);
    expect(await ask(server.port, '/')).toMatch(/^HTTP\/1.1 200 OK\r\n.*<p>index\n$/s);
    expect(await ask(server.port, '/none')).toMatch(/^HTTP\/1.1 404 /);
    server.child.kill(signal);
    const { code, stdout, stderr } = await server.outcome;
    expect(stdout).toBe(`serving ${site} at http://127.0.0.1:${server.port}/\n`);
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
  });

  it('writes an access log, to a file or to stdout', async () => {
    const log = join(folder, 'access.log');
    const toFile = await startServer(['serve', site, '--log', log]);
    await ask(toFile.port, '/a.txt');
    await stop(toFile);
    expect(readFileSync(log, 'utf8')).toMatch(
      /^127\.0\.0\.1 - - \[.*\] "GET \/a.txt HTTP\/1.1" 200 5\n$/,
    );
    const json = ['--log', '-', '--log-format', 'json'];
    const toStdout = await startServer(['serve', site, ...json]);
    await ask(toStdout.port, '/a.txt');
    const { stdout } = await stop(toStdout);
    expect(JSON.parse(stdout.split('\n')[1] as string)).toMatchObject({ target: '/a.txt' });
  });

  it.each(['reference', 'copy'])('records a run that replays: files by %s', async (files) => {
    const trace = join(folder, `${files}.trace`);
    const server = await startServer(['serve', site, '--record', trace, '--files', files]);
    await ask(server.port, '/a.txt');
    await ask(server.port, '/');
    expect((await stop(server)).code).toBe(0);
    const { code, stdout } = await run(['replay', trace]);
    expect({ code, stdout }).toEqual({
      code: 0,
      stdout: expect.stringMatching(/^core +identical .*\nprogram +identical /),
    });
  });

  it('shares its port among workers, and records each', async () => {
    const trace = join(folder, 'w.trace');
    const server = await startServer(['serve', site, '--workers', '2', '--record', trace]);
    for (let time = 0; time < 4; time++) {
      expect(await ask(server.port, '/a.txt')).toMatch(/\r\n\r\ntext\n$/);
    }
    const { code, stderr } = await stop(server);
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    for (const worker of [0, 1]) {
      expect((await run(['replay', `${trace}.${worker}`])).code).toBe(0);
    }
  });

  it('says that nothing is kept where the host does not tell of changes', async () => {
    const server = await startServer(['serve', site, '--host', 'node']);
    expect(await ask(server.port, '/a.txt')).toMatch(/\r\n\r\ntext\n$/);
    const { code, stderr } = await stop(server);
    const note = 'note: no file is kept, because this host does not tell of changes in time\n';
    expect({ code, stderr }).toEqual({ code: 0, stderr: note });
    const off = await startServer(['serve', site, '--host', 'node', '--cache', '0']);
    expect(await stop(off)).toMatchObject({ code: 0, stderr: '' });
  });

  it('takes an IPv6 address in brackets', async () => {
    const server = await startServer(['serve', site, '--address', '[::1]']);
    expect((await stop(server)).stdout).toBe(`serving ${site} at http://[::1]:${server.port}/\n`);
  });

  it('says what is wrong with a folder, an address, a number', async () => {
    const taken = createServer().listen(0, '127.0.0.1');
    await new Promise((resolve) => taken.once('listening', resolve));
    const { port } = taken.address() as { port: number };
    symlinkSync('loop', join(folder, 'loop'));
    const cases: [string[], RegExp][] = [
      [[join(folder, 'none')], /none does not exist\.\n/],
      [[join(site, 'a.txt')], /a\.txt is no folder\.\n/],
      [[site, '--port', String(port)], /EADDRINUSE.*\nAnother process has port/],
      [[join(folder, 'loop')], /loop cannot be served: ELOOP.*\n`calandria serve/],
      [[site, '--log', join(folder, 'no/x')], /--log .*x cannot be.* ENOENT.*\nThe folder that/],
      [[site, '--log', folder, '--workers', '2'], /--log .* cannot .* EISDIR.*\nIt is a folder/],
      [[site, '--record', join(folder, 'no/x')], /--record .*x cannot.* ENOENT.*\nThe folder that/],
      [[site, '--address', 'example.org'], /'example.org' is invalid.* or localhost/],
      [[site, '--port', '70000'], /'70000' is invalid/],
      [[site, '--workers', '0'], /'0' is invalid/],
      [[site, '--cache', 'all'], /'all' is invalid/],
      [[site, '--host', 'none'], /There is no host "none"/],
      [[site, '--log-format', 'xml'], /'xml' is invalid/],
    ];
    for (const [words, message] of cases) {
      const { code, stderr } = await run(['serve', ...words]);
      expect({ words, code }).toEqual({ words, code: 2 });
      expect(stderr).toMatch(message);
    }
    taken.close();
  });
});
