// calandria demo: the main job, small and piped.
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { run, scratchFolder } from './run';

const folder = scratchFolder();

describe('demo', () => {
  it('serves, records, replays and tampers, in plain text when piped', async () => {
    const small = ['--connections', '50', '--seconds', '0.1', '--folder', folder];
    const { code, stdout, stderr } = await run(['demo', ...small], { FORCE_COLOR: '1' });
    expect(stderr).toBe('');
    expect(code).toBe(0);
    expect(stdout).not.toContain('\x1b');
    expect(stdout).not.toContain('\r');
    expect(stdout).toMatch(/^ {3}calandria \w+ +[\d,]+/m);
    expect(stdout).toMatch(/^ {3}node:net +[\d,]+/m);
    expect(stdout).toContain('500 messages');
    expect(stdout).toMatch(/core +identical/);
    expect(stdout).toMatch(/program +identical/);
    expect(stdout).toMatch(/core +diverged/);
    expect(stdout).toMatch(/^ +recorded +write.*\n +replayed +write/m);
    expect(stdout).toContain('What to try next');
    for (const name of ['echo.trace', 'changed.trace']) {
      expect(existsSync(join(folder, name))).toBe(true);
    }
  });
});
