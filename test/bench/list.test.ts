// The benchmark itself is not run here, only asked what it would measure.
import { spawnSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { root } from '../project/tree';

function bench(...words: string[]): { status: number | null; stdout: string; stderr: string } {
  return spawnSync(process.execPath, [join(root, 'bench/run.mjs'), ...words], { encoding: 'utf8' });
}

/** What is under the name of a scenario: a line for each of its targets. */
function listed(): Map<string, string[]> {
  const targets = new Map<string, string[]>();
  let name = '';
  for (const line of bench('--list').stdout.trimEnd().split('\n')) {
    if (line.startsWith('  ')) targets.get(name)?.push(line.trim());
    else {
      name = line.slice(0, line.indexOf(':'));
      targets.set(name, []);
    }
  }
  return targets;
}

test('bench --list: names every scenario there is a file for', () => {
  const folder = join(root, 'bench/scenarios');
  const files = readdirSync(folder).filter((name) => name !== 'index.mjs');
  const names = files.map(
    (file) => /^ {2}name: '([^']+)',$/m.exec(readFileSync(join(folder, file), 'utf8'))?.[1],
  );
  expect([...listed().keys()].sort()).toEqual(names.sort());
});

test('bench --list: tells what each scenario is to reach', () => {
  const targets = listed();
  const shown = (name: string) => targets.get(name);
  expect(shown('files')).toEqual([
    'calandria: reads a second at least 0.95 x c',
    'calandria: CPU a read at most 1.50 x c',
  ]);
  expect(shown('files-cached')).toEqual(['calandria: reads a second at least 4.00 x node-fs']);
  for (const name of ['sendfile-small', 'sendfile-large']) {
    expect(shown(name)).toEqual(['calandria: CPU a request at most 1.05 x c']);
  }
  expect(shown('udp')).toEqual(['calandria: CPU a message at most 0.60 x node-dgram']);
  expect(shown('timers')).toContain('calandria: percent of a core at most 5');
  expect(shown('idle-timers')).toEqual(['calandria: CPU us in 5 s of doing nothing at most 0']);
  expect(shown('disk-and-pings')?.join()).toMatch(/p99 while streaming.* at most 3$/);
  expect(shown('poll')).toEqual(['on-poll: CPU a message at most 1.10 x c-poll']);
  for (const name of ['64x64B', '1000x64B', '64x16KiB', '8x256KiB', 'churn']) {
    expect(shown(name)).toContain('on-node: CPU a message at most 1.25 x node-net');
  }
  const without = [...targets].filter(([, lines]) => lines.length === 0).map(([name]) => name);
  expect(without.sort()).toEqual(['c10k', 'calls-by-host', 'idle-used', 'modes', 'wait-cost']);
});

test('bench: refuses a scenario and a server that it does not know, and names those it does', () => {
  for (const [option, known] of [
    ['--scenario', 'disk-and-pings'],
    ['--servers', 'node-dgram'],
  ] as const) {
    const { status, stderr } = bench(option, 'nothing');
    expect(status).toBe(2);
    expect(stderr).toContain('"nothing"');
    expect(stderr).toContain(known);
  }
});
