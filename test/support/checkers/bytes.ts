// Conservation of bytes: what a connection took is sent, queued or dropped, and what is sent is
// what was taken, in order, byte for byte. So a segment that was reused too early shows.
import * as layout from '../../../assembly/layout';
import type { CoreHarness, Handle, Turn } from '../core-harness';
import { queuedPieces, type Submission, sendBytes } from '../core-views';
import { messagesOf } from '../datagram-bytes';
import { type Checker, nameOf, violated } from './checker';

interface Stream {
  /** Taken and not known to be sent. */
  pending: Buffer;
  sent: number;
}

export class BytesChecker implements Checker {
  private readonly streams = new Map<string, Stream>();
  /** Who sends files, too: their bytes are nobody's here. */
  private readonly others = new Set<string>();
  private inFlight: { submission: Submission; sent: number }[] = [];

  private streamOf(handle: Handle): Stream {
    const name = nameOf(handle);
    const known = this.streams.get(name);
    if (known) return known;
    const stream = { pending: Buffer.alloc(0), sent: 0 };
    this.streams.set(name, stream);
    return stream;
  }

  sendsFiles(handle: Handle): void {
    this.others.add(nameOf(handle));
  }

  /** A write was taken (and not dropped at once). */
  took(handle: Handle, bytes: Uint8Array): void {
    if (this.others.has(nameOf(handle))) return;
    const stream = this.streamOf(handle);
    stream.pending = Buffer.concat([stream.pending, bytes]);
  }

  turn(harness: CoreHarness, _turn: Turn): void {
    for (const { submission } of this.inFlight) {
      const { bytesSent, generation, kind, tx } = harness.record(submission);
      if (generation !== submission.generation || this.others.has(nameOf(submission))) continue;
      const stream = this.streamOf(submission);
      if (kind === layout.KIND_DATAGRAM) {
        // Some may have been refused: what is left is the end of what was taken.
        stream.pending = stream.pending.subarray(stream.pending.length - tx.queued);
        continue;
      }
      stream.pending = stream.pending.subarray(bytesSent - stream.sent);
      stream.sent = bytesSent;
    }
    this.inFlight = [];
    this.conserve(harness);
  }

  end(harness: CoreHarness, submissions: readonly Submission[]): void {
    for (const submission of submissions) {
      if (submission.operation !== 'send' || this.others.has(nameOf(submission))) continue;
      const stream = this.streamOf(submission);
      const bytes = sendBytes(harness.memory, submission);
      if (bytes.length !== submission.length || submission.length === 0) {
        violated('a send names the length of its pieces', submission);
      }
      // Whole ones: it throws when the last is cut.
      if (harness.record(submission).kind === layout.KIND_DATAGRAM) messagesOf(bytes);
      if (!stream.pending.subarray(0, bytes.length).equals(bytes)) {
        violated('what is sent is what was written', {
          submission,
          sent: bytes.subarray(0, 40).toString('hex'),
          wrote: stream.pending.subarray(0, 40).toString('hex'),
        });
      }
      this.inFlight.push({ submission, sent: stream.sent });
    }
    this.conserve(harness);
  }

  private conserve(harness: CoreHarness): void {
    let total = 0;
    for (let record = 0; record < harness.word(layout.RECORDS_TOUCHED); record++) {
      const { state, kind, work, tx, bytesTaken, bytesSent } = harness.record({
        record,
        generation: 0,
      });
      const datagrams = kind === layout.KIND_DATAGRAM;
      if (state === layout.STATE_FREE) continue;
      if (kind !== layout.KIND_CONNECTION && !datagrams) continue;
      const held = queuedPieces(harness.memory, record).reduce(
        (sum, { length }) => sum + length,
        0,
      );
      if (held !== tx.queued) violated('queued is the length of all pieces', { record, held, tx });
      const abandoned = (work & layout.WORK_ABANDONED) !== 0;
      const whole = state < layout.STATE_FAILED && tx.error === 0 && !abandoned;
      if (whole && !datagrams && bytesTaken !== bytesSent + tx.queued) {
        violated('taken is sent and queued', { record, bytesTaken, bytesSent, queued: tx.queued });
      }
      if (bytesTaken < bytesSent + tx.queued) {
        violated('no byte comes from nowhere', {
          record,
          bytesTaken,
          bytesSent,
          queued: tx.queued,
        });
      }
      // Two parts of a file may come on top.
      const most = harness.memory.limits.queueBytes + 2 * 65_536;
      if (tx.queued > most) {
        violated('a connection keeps its share of the queue', { record, queued: tx.queued });
      }
      total += tx.queued;
    }
    total += reserved(harness);
    if (total !== harness.word(layout.STATE_QUEUE_TOTAL)) {
      violated('the total is the sum of the queues', total);
    }
    if (total > harness.memory.limits.queueBytesTotal) violated('the total keeps its bound', total);
  }

  finish(harness: CoreHarness): void {
    if (harness.word(layout.STATE_QUEUE_TOTAL) !== 0) violated('no byte stays queued', {});
  }
}

/** Places that the next parts of files have taken among the unsent bytes. */
function reserved(harness: CoreHarness): number {
  let total = 0;
  for (let each = 0; each < harness.word(layout.STATE_OPERATIONS_TOUCHED); each++) {
    const at = harness.word(layout.OPERATIONS_BASE) + each * layout.TASK_SIZE;
    const { bytes } = harness.memory;
    const state = bytes[at + layout.TASK_STATE] as number;
    const waits = state === layout.TASK_STATE_WAITING || state === layout.TASK_STATE_FLYING;
    const sends = bytes[at + layout.TASK_KIND] === layout.TASK_SEND_FILE;
    const reads = ((bytes[at + layout.TASK_VIA] as number) & 127) === layout.VIA_READ;
    const alive = harness.word(at + layout.TASK_TARGET) !== layout.NONE;
    if (waits && sends && reads && alive) total += harness.word(at + layout.TASK_LENGTH);
  }
  return total;
}
