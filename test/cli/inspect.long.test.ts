// calandria inspect: columns, filters, JSON lines.
import { join } from 'node:path';
import { recordEcho, run, scratchFolder } from './run';

const file = join(scratchFolder(), 'echo.trace');

beforeAll(() => recordEcho(file));

describe('inspect', () => {
  it('prints the header, the totals and one aligned line for each turn', async () => {
    const { code, stdout } = await run(['inspect', file]);
    expect(code).toBe(0);
    expect(stdout).toMatch(/^program +echo \{"port":0,"address":"127\.0\.0\.1"\}$/m);
    expect(stdout).toMatch(/^ending +complete$/m);
    expect(stdout).toContain('201 bytes in, 201 bytes out');
    const lines = stdout.trimEnd().split('\n');
    const head = lines.findIndex((line) => line.startsWith('    turn '));
    const turns = lines.slice(head + 1);
    expect(turns.map((line) => Number(line.trim().split(/ +/)[0]))).toEqual(
      turns.map((_, place) => place + 1),
    );
    expect(new Set(turns.map((line) => line.length))).toEqual(new Set([lines[head + 1]?.length]));
  });

  it("tells one connection's whole life", async () => {
    const { stdout } = await run(['inspect', file, '--json', '--connection', '1:1']);
    const entries = jsonLines(stdout).slice(1);
    expect(entries.every(({ connection }) => connection === '1:1')).toBe(true);
    expect(entries[0].text).toMatch(/^accepted by /);
    const deliveries = entries.filter(({ kind }) => kind === 'delivery').map(({ text }) => text);
    expect(deliveries).toEqual([
      'open',
      'data 33 bytes',
      'data 33 bytes',
      'data 33 bytes',
      'end',
      'close',
    ]);
  });

  it.each(['event', 'completion', 'delivery', 'call'])(
    '--kind %s prints that kind only',
    async (kind) => {
      const { stdout } = await run(['inspect', file, '--json', '--kind', kind]);
      const entries = jsonLines(stdout).slice(1);
      expect(entries.length).toBeGreaterThan(0);
      expect(new Set(entries.map((entry) => entry.kind))).toEqual(new Set([kind]));
    },
  );

  it.each([
    ['2', [2]],
    ['2..4', [2, 3, 4]],
    ['..2', [1, 2]],
  ])('--turn %s prints those turns', async (range, expected) => {
    const { stdout } = await run(['inspect', file, '--json', '--turn', range]);
    expect(
      jsonLines(stdout)
        .slice(1)
        .map(({ turn }) => turn),
    ).toEqual(expected);
  });

  it('says so when nothing matches', async () => {
    const { code, stdout } = await run(['inspect', file, '--connection', '999:1']);
    expect(code).toBe(0);
    expect(stdout).toContain('nothing matches');
  });

  it.each([
    [['--turn', '4..2'], '4..2'],
    [['--turn', '..'.repeat(2)], '....'],
    [['--connection', 'five'], 'five'],
    [['--kind', 'miracle'], 'miracle'],
  ])('refuses %j with exit code 2', async (given, named) => {
    const { code, stdout, stderr } = await run(['inspect', file, ...given]);
    expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
    expect(stderr).toContain(named);
  });

  it('refuses what is no trace with exit code 2, naming it', async () => {
    for (const path of [__filename, join(__dirname, 'no-such.trace')]) {
      const { code, stdout, stderr } = await run(['inspect', path]);
      expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
      expect(stderr).toContain(path);
    }
  });
});

// biome-ignore lint/suspicious/noExplicitAny: lines of several shapes, each checked by its test.
function jsonLines(text: string): any[] {
  return text
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line));
}
