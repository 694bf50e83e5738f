// What all commands have in common: help that teaches, and exit code 2 for what cannot be used.
import { run } from './run';

const COMMANDS = ['echo', 'serve', 'replay', 'inspect', 'doctor', 'demo'];

describe('usage', () => {
  it('lists every command in its help, and exits 0', async () => {
    const { code, stdout } = await run(['--help']);
    expect(code).toBe(0);
    for (const command of COMMANDS) expect(stdout).toMatch(new RegExp(`^  ${command} `, 'm'));
    expect(stdout).toContain('Exit codes:');
  });

  it.each(COMMANDS)('%s --help shows examples', async (command) => {
    const { code, stdout } = await run([command, '--help']);
    expect(code).toBe(0);
    expect(stdout).toContain(`Usage: calandria ${command}`);
    expect(stdout).toContain('Examples:');
    expect(Math.max(...stdout.split('\n').map((line) => line.length))).toBeLessThanOrEqual(100);
  });

  it('prints the version of the package', async () => {
    const { code, stdout } = await run(['--version']);
    expect(code).toBe(0);
    expect(stdout.trim()).toBe((require('../../package.json') as { version: string }).version);
  });

  it.each([
    [['brew'], 'brew'],
    [['echo', '--prot', '7'], '--prot'],
    [['replay'], 'file'],
    [['inspect', 'a', 'b'], 'inspect'],
    [['demo', '--connections', '0'], "'0'"],
    [['demo', '--connections', '1e3'], '1e3'],
    [['demo', '--seconds', 'long'], 'long'],
    [['demo', '--host', 'abacus'], 'abacus'],
    [['doctor', 'me'], 'doctor'],
    [['echo', '--record', ''], "'' is invalid"],
    [['echo', '--record', '/none/a.trace'], '--record /none/a.trace cannot be written: ENOENT'],
    [['serve', '--record', ''], "'' is invalid"],
    [['serve', '--log', ''], "'' is invalid"],
    [['serve', '--host', 'abacus', '--workers', '2'], 'abacus'],
  ])('%j exits 2 and names the value', async (given, named) => {
    const { code, stdout, stderr } = await run(given);
    expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
    expect(stderr).toContain(named);
    expect(stderr).not.toMatch(/^\s+at /m);
  });

  it('without a command shows the help and exits 2', async () => {
    const { code, stderr } = await run([]);
    expect(code).toBe(2);
    expect(stderr).toContain('Usage: calandria');
  });
});
