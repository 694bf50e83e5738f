// The examples in C of what no host is made of: SIGIO, and AIO that ends in a signal.
import { execFileSync, spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { compiles, testWith } from '../support/commands';
import { pattern } from '../support/conformance';

const folder = mkdtempSync(join(tmpdir(), 'calandria-models-'));
afterAll(() => rmSync(folder, { recursive: true }));

/** Compiles an example, with every warning an error. */
function build(name: string): string {
  const file = join(folder, name);
  const source = join(__dirname, '../../examples/models', `${name}.c`);
  const compiled = spawnSync(
    'cc',
    ['-O2', '-Wall', '-Wextra', '-Werror', '-o', file, source, '-lrt'],
    {
      encoding: 'utf8',
    },
  );
  expect(compiled.stderr).toBe('');
  return file;
}

const compiled = testWith(compiles, 'C compiler');

compiled(
  'R3.20 R3.21: two or ten sends are fewer runs of the handler, and nothing is lost',
  async () => {
    const file = build('sigio');
    for (const sends of [1, 2, 10]) {
      const said = execFileSync(file, [String(sends)], { encoding: 'utf8', timeout: 10_000 });
      const [datagrams, runs] = (said.match(/\d+/g) ?? []).map(Number) as [number, number];
      expect(datagrams).toBe(sends);
      expect(runs).toBe(1);
    }
  },
);

compiled(
  'R3.28: a file is read right, though far fewer signals come than requests end',
  async () => {
    const file = build('aio-signal');
    const bytes = pattern(300_000);
    const path = join(folder, 'file');
    writeFileSync(path, bytes);
    const said = execFileSync(file, [path], { encoding: 'utf8', timeout: 10_000 });
    const [length, sum, requests, runs] = (said.match(/\d+/g) ?? []).map(Number);
    expect(length).toBe(bytes.length);
    expect(sum).toBe(bytes.reduce((total, byte) => (total + byte) >>> 0, 0));
    expect(requests).toBe(Math.ceil(bytes.length / 4096));
    expect(runs).toBeGreaterThanOrEqual(1);
    expect(runs).toBeLessThan(requests as number);
  },
);
