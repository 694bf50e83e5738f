// The documents and the code say the same: names are compared, examples are run.
import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { completeLimits, createReactor } from '../../src/index';
import * as jestHelpers from '../../src/jest';
import { readText, readTree, root } from './tree';

const readme = readText('README.md');
const api = readText('docs/api.md');

/** The first block of code under a heading. */
function blockUnder(text: string, heading: string): string {
  const from = text.indexOf(`## ${heading}`);
  const block = /```\w+\n([\s\S]*?)```/.exec(text.slice(from));
  return from >= 0 && block ? (block[1] as string) : '';
}

/** Names that api.md has nowhere in backquotes, alone or in a phrase. */
function unmentioned(names: readonly string[]): string[] {
  const quoted = new Set(
    [...api.replace(/```[\s\S]*?```/g, '').matchAll(/`([^`]+)`/g)].flatMap(
      ([, text]) => (text as string).match(/[\w.]+/g) ?? [],
    ),
  );
  const parts = new Set([...quoted].flatMap((word) => [word, ...word.split('.')]));
  return names.filter((name) => !parts.has(name));
}

/** Names in a part of a source, by a pattern with one group. */
function namesIn(path: string, part: RegExp, pattern: RegExp): string[] {
  const [text = ''] = part.exec(readText(path)) ?? [];
  return [...text.matchAll(pattern)].map(([, name]) => name as string);
}

test('api.md: mentions every error code, and the code uses each', () => {
  const codes = namesIn('src/errors.ts', /export type CalandriaCode =[^;]*;/, /'(\w+)'/g);
  expect(codes.length).toBeGreaterThan(10);
  expect(unmentioned(codes)).toEqual([]);
  const sources = readTree().filter(
    ({ path }) => /^(src|host)\//.test(path) && path !== 'src/errors.ts',
  );
  const used = (code: string) =>
    sources.some(({ text }) => new RegExp(`['"]${code}['"]`).test(text));
  expect(codes.filter((code) => !used(code))).toEqual([]);
});

test('api.md: mentions every handler, and every limit with its default', () => {
  const handlers = namesIn('src/reactor/handlers.ts', /NAMES:[\s\S]*?\];/, /'(\w+)'/g);
  expect(unmentioned(handlers)).toEqual([]);
  const limits = Object.entries(completeLimits());
  expect(unmentioned(limits.map(([name]) => name))).toEqual([]);
  const counts = limits.filter(([name]) => !/bytes|highwater/i.test(name));
  const wrong = counts.filter(
    ([name, value]) => !api.includes(`| \`${name}\` | ${value.toLocaleString('en-US')} |`),
  );
  expect(wrong).toEqual([]);
});

test('api.md: mentions every option, counter and helper', async () => {
  const options = [
    ['reactor', 'ReactorOptions'],
    ['reactor', 'CloseOptions'],
    ['socket-options', 'ListenOptions'],
    ['timer', 'TimerOptions'],
  ].map(([file, name]) =>
    namesIn(
      `src/reactor/${file}.ts`,
      new RegExp(`export interface ${name} [\\s\\S]*?\\n}`),
      /readonly (\w+)\??:/g,
    ),
  );
  for (const names of options) expect(names.length).toBeGreaterThan(0);
  expect(unmentioned(options.flat())).toEqual([]);
  const reactor = createReactor({ host: 'node' });
  const counters = Object.keys(reactor.counters);
  await reactor.close();
  expect(unmentioned(counters)).toEqual([]);
  expect(unmentioned(Object.keys(jestHelpers))).toEqual([]);
});

test('documents: what they link to is there', () => {
  const pages = readTree().filter(({ path }) => path.endsWith('.md'));
  const broken = pages.flatMap(({ path, text }) =>
    [...text.matchAll(/\]\(([^)#:]+)(#[^)]*)?\)/g)]
      .map(([, target]) => join(dirname(path), target as string))
      .filter((target) => !existsSync(join(root, target)))
      .map((target) => `${path}: ${target}`),
  );
  expect(broken).toEqual([]);
});

test('README.md: shows the commands that package.json has', () => {
  const { scripts } = JSON.parse(readText('package.json')) as { scripts: Record<string, string> };
  const shown = [...readme.matchAll(/npm (?:run )?(start|test|bench|build|check|format)\b/g)];
  expect(new Set(shown.map(([, name]) => name))).toContain('start');
  for (const [, name] of shown) expect(Object.keys(scripts)).toContain(name);
});

test('README.md: its server has 15 lines, and echoes', async () => {
  const program = blockUnder(readme, 'A server in 15 lines');
  expect(program.trimEnd().split('\n')).toHaveLength(15);
  // Within the package's folder, where its own name means the built package.
  const file = join(root, 'build/results/readme-server.mjs');
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(file, program.replace('7000', '0'));
  const server = spawn(process.execPath, [file], { stdio: ['ignore', 'pipe', 'inherit'] });
  try {
    const port = await new Promise<number>((resolve, reject) => {
      let said = '';
      server.stdout.on('data', (chunk) => {
        said += chunk;
        const found = /port: (\d+)/.exec(said);
        if (found) resolve(Number(found[1]));
      });
      server.on('exit', (code) => reject(new Error(`it exited with ${code}: ${said}`)));
    });
    const client = connect({ port, host: '127.0.0.1' });
    client.end('a message');
    const chunks: Buffer[] = [];
    for await (const chunk of client) chunks.push(chunk as Buffer);
    expect(Buffer.concat(chunks).toString()).toBe('a message');
  } finally {
    server.kill();
  }
});

test('README.md: its recording server records', () => {
  const [, block = ''] = /```js\n(import \{ chooseHost[\s\S]*?)```/.exec(readme) ?? [];
  const file = join(root, 'build/results/readme-record.mjs');
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(file, `${block}await reactor.close();\n`);
  execFileSync(process.execPath, [file], { cwd: dirname(file) });
  expect(existsSync(join(dirname(file), 'echo.trace'))).toBe(true);
});

test('README.md: its program of many sources sees a file come, and ends at a signal', async () => {
  const program = blockUnder(readme, 'Not only sockets').replace('7007', '0').replace('7000', '0');
  const file = join(root, 'build/results/readme-sources.mjs');
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(file, program);
  const folder = mkdtempSync(join(tmpdir(), 'calandria-readme-'));
  const running = spawn(process.execPath, [file], {
    cwd: folder,
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const exited = new Promise((resolve) => running.on('exit', (code) => resolve(code)));
  // It says nothing before it hears of a change, so changes are made until it does.
  const touching = setInterval(() => writeFileSync(join(folder, 'new'), 'x'), 20);
  try {
    const [heard] = await Promise.race([
      once(running.stdout, 'data'),
      exited.then(() => ['exited']),
    ]);
    expect(String(heard)).toMatch(/^(create|write) new/);
    running.kill('SIGTERM');
    expect(await exited).toBe(0);
  } finally {
    clearInterval(touching);
    running.kill('SIGKILL');
    rmSync(folder, { recursive: true });
  }
});
