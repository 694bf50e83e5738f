// What only select has: a bound on the numbers of descriptors.
import { execFileSync } from 'node:child_process';
import { testWith } from '../support/commands';
import { runnable } from '../support/conformance';
import { start } from '../support/program';
import '../support/tidy-up';

const here = runnable.some(({ name }) => name === 'select');
const most = execFileSync('sh', ['-c', 'ulimit -n'], { encoding: 'utf8' }).trim();

testWith(here && (most === 'unlimited' || Number(most) > 1100), '1,100 descriptors')(
  'R0.12 R3.5: descriptors from FD_SETSIZE on are refused by name, and lower ones are served again',
  async () => {
    const program = start('levels/programs/high-descriptors.mjs');
    const told = await program.next<Record<string, unknown>>();
    const refused = {
      code: 'ECHRNG',
      message: expect.stringMatching(/^ECHRNG: select has no room for a descriptor so high, /),
    };
    expect(told).toEqual({
      listen: refused,
      connect: refused,
      adopt: { ...refused, message: expect.stringMatching(/descriptor 10\d\d$/) },
      bind: refused,
      accept: refused,
      another: {
        code: 'ERR_CALANDRIA_HOST',
        message:
          'Host select: the kernel refused the notifier ' +
          '(ECHRNG: select has no room for a descriptor so high).',
      },
      after: 'hello',
    });
    expect(await program.ended).toMatchObject({ code: 0, signal: null, stderr: '' });
  },
);
