// One short round of a scenario, for what it prints; its figures are worth nothing here.
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { openFilesMax } from '../../src/cli/machine';
import { root } from '../project/tree';
import { compiles, testWith } from '../support/commands';

interface Report {
  readonly scenarios: readonly {
    readonly failures: readonly unknown[];
    readonly rounds: readonly Record<string, Record<string, number>>[];
  }[];
}

const CONNECTIONS = 10_000;
const quantiles = ['p50', 'p99', 'p999'];

testWith(compiles && openFilesMax() > CONNECTIONS + 300, 'compiler, or not enough open files')(
  'R0.23: the benchmark tells p50, p99 and p999 beside 100, 1,000 and 10,000 idle connections',
  async () => {
    const words = ['--quick', '--json', '--scenario', 'c10k', '--servers', 'calandria'];
    const { stdout, stderr } = spawnSync(process.execPath, ['bench/run.mjs', ...words], {
      cwd: root,
      encoding: 'utf8',
      env: { ...process.env, CC: process.env.CC ?? 'cc' },
    });
    expect(stderr).toBe('');
    const [result] = (JSON.parse(stdout) as Report).scenarios;
    expect(result?.failures).toEqual([]);
    const figures = result?.rounds[0]?.calandria;
    for (const count of [100, 1000, CONNECTIONS]) {
      const [half, most, nearlyAll] = quantiles.map((name) => figures?.[`${name}Beside${count}`]);
      expect(half).toBeGreaterThan(0);
      expect(most).toBeGreaterThanOrEqual(half as number);
      expect(nearlyAll).toBeGreaterThanOrEqual(most as number);
    }
  },
);

testWith(compiles, 'compiler')(
  'bench: who cannot run is left out, with the reason, and the run goes on',
  async () => {
    const { status, stdout } = spawnSync(
      process.execPath,
      ['bench/run.mjs', '--quick', '--scenario', 'udp', '--servers', 'calandria,node-dgram'],
      {
        cwd: root,
        encoding: 'utf8',
        env: { ...process.env, CC: process.env.CC ?? 'cc', CALANDRIA_HOST: 'no-such-host' },
      },
    );
    expect(stdout).toMatch(/^ {2}node-dgram +[\d.]+/m);
    expect(stdout).toMatch(/^ {2}left out {2}calandria: \S/m);
    expect(stdout).toMatch(/^targets: 0 reached, 0 missed, 1 not measured$/m);
    expect(status).toBe(0);
  },
);

function figuresOf(...words: string[]): Record<string, Record<string, number>> {
  const { stdout } = spawnSync(process.execPath, ['bench/run.mjs', '--quick', '--json', ...words], {
    cwd: root,
    encoding: 'utf8',
    env: { ...process.env, CC: process.env.CC ?? 'cc' },
  });
  const [result] = (JSON.parse(stdout) as Report).scenarios;
  expect(result?.failures).toEqual([]);
  return result?.rounds[0] ?? {};
}

testWith(compiles && openFilesMax() > 18_300, 'compiler, or not enough open files')(
  'R3.36: a wait costs more the more descriptors select and poll name, and is drawn',
  async () => {
    const { select = {}, poll = {}, epoll = {}, uring } = figuresOf('wait-cost');
    const at = (figures: Record<string, number>, count: number) => figures[`at${count}`] as number;
    expect(at(select, 1000)).toBeGreaterThan(5 * at(select, 10));
    expect(Object.keys(select)).not.toContain('at3000');
    expect(at(poll, 18_000)).toBeGreaterThan(50 * at(poll, 10));
    expect(at(epoll, 18_000)).toBeLessThan(at(poll, 18_000) / 20);
    const chart = readFileSync(join(root, 'build/bench/wait-cost.svg'), 'utf8');
    expect(chart.match(/<polyline /g)).toHaveLength(uring ? 4 : 3);
  },
);

testWith(compiles, 'compiler')(
  'R1.3 R1.15: modes compared by processor time and calls: registered once, or for each event',
  async () => {
    const servers = ['change-edge', 'on-epoll-oneshot'];
    const round = figuresOf('modes', '--servers', servers.join(','));
    const [once, again] = servers.map((name) => round[name]);
    expect(once?.controlsPerMessage).toBeLessThan(0.3);
    expect(again?.controlsPerMessage).toBeGreaterThan(0.9);
    for (const figures of [once, again]) {
      expect(figures?.cpu).toBeGreaterThan(0);
      expect(figures?.waitsPerMessage).toBeGreaterThan(0);
      expect(figures?.callsPerMessage).toBeCloseTo(2, 1);
    }
  },
);
