// Terminals: what only they do. The other end is held by a program in Python, which can make one.
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { runs, testWith } from '../support/commands';

const programs = join(__dirname, 'programs');
const terminals = testWith(runs('python3', '-c', 'import tty'), 'python3 with terminals');

for (const end of ['slave', 'master']) {
  terminals(`R0.2: a terminal's ${end} is a stream, and its flags stay as they are`, async () => {
    const { status, stderr } = spawnSync(
      'python3',
      [join(programs, 'terminal.py'), end, process.execPath, join(programs, 'terminal.mjs')],
      { encoding: 'utf8', timeout: 15_000 },
    );
    expect({ status, stderr: stderr.slice(0, 1) }).toEqual({ status: 0, stderr: '{' });
    const { text, same } = JSON.parse(stderr);
    expect(text).toBe(`${'a line of thirty-two characters\n'.repeat(2048)}endclose`);
    expect(same).toBe(true);
  });
}
