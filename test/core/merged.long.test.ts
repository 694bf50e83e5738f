// The merged loop as its settings change it; and that the check of it finds mistakes, each built
// into a core of its own.
import * as layout from '../../assembly/layout';
import { type Change, changedCore } from '../support/changed-core';
import { checkMergedLoop } from '../support/merged-model';

describe('the merged loop', () => {
  test.each([
    ['R4.26: counted down one by one (EFD_SEMAPHORE)', layout.SETTING_SEMAPHORE],
    ['R4.29: collecting in every turn', layout.SETTING_COLLECT_ALWAYS],
  ])('%s: no order of events loses a wake-up, starves a side or spins', (_name, settings) => {
    const result = checkMergedLoop({ operations: 2, batch: 1, settings });
    expect(result.fault).toBeUndefined();
    expect(result.depth).toBeGreaterThan(10);
    expect(result.states).toBeGreaterThan(200);
  });

  const MISTAKES: readonly (readonly [string, string, Change])[] = [
    [
      'announcements that are not counted',
      'asleep, with a completion that nobody collects',
      {
        file: 'merged.ts',
        from: 'setWord(layout.STATE_EXPECTED, word(layout.STATE_EXPECTED) + result);',
        to: '',
      },
    ],
    [
      'a collect that the next turn is not waiting for',
      'asleep, with a completion that nobody collects',
      { file: 'merged.ts', from: '  again();\n  if (!roomFor(2)) return;', to: '' },
    ],
    [
      'looks at the kernel that are spared whenever there is work',
      'the socket was not read for two turns',
      { file: 'core.ts', from: '  alternate();\n', to: '' },
    ],
    [
      'completions that are taken, and still expected',
      'it spins, with nothing to do',
      {
        file: 'merged.ts',
        from: 'setWord(layout.STATE_EXPECTED, word(layout.STATE_EXPECTED) - total);',
        to: '',
      },
    ],
  ];

  test.each(MISTAKES)('R4.25: the check finds %s', (_name, what, change) => {
    const core = changedCore(change);
    const { fault } = checkMergedLoop({ operations: 2, batch: 1, core });
    expect(fault?.what).toBe(what);
    expect(fault?.path.length).toBeGreaterThan(0);
  });
});
