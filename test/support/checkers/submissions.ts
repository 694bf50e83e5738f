// What may be asked of a host: only for live owners, one operation of a kind at a time, nothing
// behind a close, and a queue within its bounds.
import * as layout from '../../../assembly/layout';
import type { CoreHarness } from '../core-harness';
import type { Operation, Submission } from '../core-views';
import { type Checker, nameOf, violated } from './checker';

const CONTROLS: readonly Operation[] = ['listen', 'connect', 'connectStatus', 'shutdown', 'sample'];

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
      const kind = CONTROLS.includes(submission.operation) ? 'control' : submission.operation;
      if (/^(receive|send|control|close)$/.test(kind)) {
        const key = `${name} ${kind}`;
        if (outstanding.has(key)) violated('one operation of a kind at a time', submission);
        outstanding.add(key);
      }
    }
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
