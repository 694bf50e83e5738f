// What may be asked of a host: only for live owners, one operation of a kind at a time, nothing
// behind a close, and a queue within its bounds.
import * as layout from '../../../assembly/layout';
import type { CoreHarness } from '../core-harness';
import type { Operation, Submission } from '../core-views';
import { type Checker, nameOf, violated } from './checker';

const CONTROLS: readonly Operation[] = ['listen', 'connect', 'connectStatus', 'shutdown', 'sample'];

/** Of each of these at most one at a time. */
function kindOf(operation: Operation): string {
  if (CONTROLS.includes(operation)) return 'control';
  return operation === 'sendFile' ? 'send' : operation;
}

export class SubmissionsChecker implements Checker {
  private readonly closed = new Set<string>();

  end(harness: CoreHarness, submissions: readonly Submission[]): void {
    const outstanding = new Set<string>();
    const children = new Set<number>();
    if (submissions.length > harness.memory.limits.operations) {
      violated('the queue keeps its bounds', submissions.length);
    }
    for (const submission of submissions) {
      if (submission.record === layout.NONE) {
        if (!/^(announced|collect)$/.test(submission.operation)) {
          violated('only the merged loop asks for nobody', submission);
        }
        continue;
      }
      const name = nameOf(submission);
      const { state, generation } = harness.record(submission);
      if (state === layout.STATE_FREE || generation !== submission.generation) {
        violated('only live records are served', { submission, state, generation });
      }
      if (this.closed.has(name)) violated('nothing is asked behind a close', submission);
      if (submission.operation === 'close') this.closed.add(name);
      if (submission.operation === 'accept') this.accept(harness, submission, children);
      if (submission.operation === 'sendFile') this.corked(harness, submission);
      const kind = kindOf(submission.operation);
      if (/^(receive|send|control|close)$/.test(kind)) {
        const key = `${name} ${kind}`;
        if (outstanding.has(key)) violated('one operation of a kind at a time', submission);
        outstanding.add(key);
      }
    }
  }

  /**
   * Bytes that wait for a file (MSG_MORE) are always asked for together with some of it: so nothing
   * stays corked past its turn.
   */
  private corked(harness: CoreHarness, { at, record }: Submission): void {
    const operation = harness.word(at + layout.SUBMISSION_EXTRA);
    const task = harness.word(layout.OPERATIONS_BASE) + operation * layout.TASK_SIZE;
    const length = harness.word(task + layout.TASK_LENGTH);
    const target = harness.word(task + layout.TASK_TARGET);
    if (length <= 0 || target !== record)
      violated('a head leaves with its file', { length, target });
  }

  private accept(harness: CoreHarness, submission: Submission, children: Set<number>): void {
    const child = harness.record({ record: submission.address, generation: 0 });
    if (children.has(submission.address) || child.generation !== submission.length) {
      violated('each accept has a fresh record of its own', submission);
    }
    if (child.state !== layout.STATE_OPENING) violated('an accept waits for its child', child);
    children.add(submission.address);
  }
}
