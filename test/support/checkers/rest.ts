// What rest means: when everything works and nothing is asked any more, nobody waits for anything
// that the core should have done.
import * as layout from '../../../assembly/layout';
import type { CoreHarness } from '../core-harness';
import { violated } from './checker';

const UNDONE =
  layout.WORK_ABANDONED |
  layout.WORK_WANT_CLOSE |
  layout.WORK_DRAIN_OWED |
  layout.WORK_SENDING |
  layout.WORK_READING |
  layout.WORK_CONTROLLING |
  layout.WORK_BLOCKED |
  layout.WORK_WANT_OPEN;

export function checkRest(harness: CoreHarness): void {
  for (let record = 0; record < harness.word(layout.RECORDS_TOUCHED); record++) {
    const view = harness.record({ record, generation: 0 });
    if (view.state === layout.STATE_FREE) continue;
    const { state, work, tx, appetite } = view;
    if (state !== layout.STATE_OPEN) violated('at rest a source is open or gone', view);
    const datagrams = view.kind === layout.KIND_DATAGRAM;
    if (view.kind !== layout.KIND_CONNECTION && !datagrams) continue;
    if (work & UNDONE) violated('at rest nothing is left undone', view);
    if (tx.queued > 0) violated('at rest everything is sent', view);
    if (tx.error !== 0 && appetite !== 0 && !datagrams)
      violated('an error does not wait for ever', view);
    if (work & layout.WORK_READY && appetite !== 0 && !(work & layout.WORK_END_DELIVERED)) {
      violated('what is wanted is read', view);
    }
    const bothDone = layout.WORK_END_DELIVERED | layout.WORK_WANT_SHUTDOWN;
    if ((work & bothDone) === bothDone) violated('both directions done: closed', view);
  }
}
