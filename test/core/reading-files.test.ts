// Files that are read and written: the second part is read while the first is on its way.
import * as layout from '../../assembly/layout';
import type { Stepped } from '../support/core-harness';
import { type Piece, type Submission, sendBytes, sendPieces } from '../support/core-views';
import { done, FileHarness } from '../support/file-harness';

const { READY_OUT, VIA_READ } = layout;
const KIB = 1024;

describe('a file that is read and written', () => {
  const PART = 64 * KIB;

  /** Reads take `disk`, writes `network`; answers how long all of it took. */
  function timed(parts: number, disk: number, network: number): { took: number; overlaps: number } {
    const harness = new FileHarness({ settings: layout.SETTING_COPY_FILES });
    const [connection, file] = [harness.connection(), harness.file()];
    const bytes = Buffer.alloc(PART, 'x');
    const due: { at: number; what: 'read' | 'room' }[] = [];
    const start = Number(harness.now);
    let finished = false;
    let step: Stepped = harness.step({
      during: () => harness.sendFile(connection, file, 0, parts * PART),
    });
    const answer = ({
      operation,
      length,
    }: Submission): number | { result: number; extra: number } | undefined => {
      const at = Number(harness.now) - start;
      if (operation === 'operate') {
        due.push({ at: at + disk, what: 'read' });
        return -layout.ERROR_IN_PROGRESS;
      }
      if (operation !== 'send') return undefined;
      // One part fits the socket's buffer, and is gone after a while.
      if (due.some(({ what }) => what === 'room')) return -layout.ERROR_AGAIN;
      due.push({ at: at + network, what: 'room' });
      return Math.min(length, PART);
    };
    for (let turns = 0; !finished && turns < 1000; turns++) {
      const busy = harness.busy;
      const events = [];
      if (!busy) {
        due.sort((left, right) => left.at - right.at);
        const next = due.shift();
        if (!next) break;
        const after = Math.max(0, next.at - (Number(harness.now) - start));
        if (next.what === 'read') harness.complete(0, bytes);
        const announced = harness.announced;
        events.push(...(next.what === 'read' ? announced : [{ ...connection, ready: READY_OUT }]));
        step = harness.step({ events, answer, after });
      } else step = harness.step({ answer });
      finished = done(step.deliveries).length > 0;
    }
    expect(finished).toBe(true);
    const took = Number(harness.now) - start;
    return { took, overlaps: harness.count(layout.COUNTER_FILE_OVERLAPS) };
  }

  test.each([
    ['the disk is slower', 10, 4],
    ['the network is slower', 4, 10],
    ['both are as slow', 10, 10],
  ])('R4.9: while one part is written the next is read: max, not sum (%s)', (_, disk, network) => {
    const parts = 50;
    const millisecond = 1e6;
    const { took, overlaps } = timed(parts, disk * millisecond, network * millisecond);
    const most = Math.max(disk, network) * millisecond * parts;
    const sum = (disk + network) * millisecond * parts;
    expect(took).toBeGreaterThanOrEqual(most - network * millisecond);
    expect(took).toBeLessThan(most * 1.05 + (disk + network) * millisecond);
    expect(took).toBeLessThan(sum);
    expect(overlaps).toBeGreaterThan(parts / 2);
  });

  test('R4.9: never more than two parts of it are held', () => {
    const harness = new FileHarness({ settings: layout.SETTING_COPY_FILES });
    const [connection, file] = [harness.connection(), harness.file()];
    harness.step({ during: () => harness.sendFile(connection, file, 0, 10 * PART) });
    let most = 0;
    const blocked = ({ operation }: Submission): number | undefined => {
      if (operation === 'operate') return -layout.ERROR_IN_PROGRESS;
      return operation === 'send' ? -layout.ERROR_AGAIN : undefined;
    };
    for (let turn = 0; turn < 20; turn++) {
      const asked = harness.submissions().some(({ operation }) => operation === 'operate');
      harness.step({ events: harness.announced, answer: blocked });
      if (asked) harness.complete(0, Buffer.alloc(PART));
      most = Math.max(most, harness.record(connection).tx.queued);
    }
    expect(most).toBe(2 * PART);
    expect(harness.word(layout.STATE_QUEUE_TOTAL)).toBe(2 * PART);
    const held = (pieces: Piece[]): number => pieces.reduce((sum, { length }) => sum + length, 0);
    const { submissions } = harness.step({ events: [{ ...connection, ready: READY_OUT }] });
    expect(held(sendPieces(harness.memory, submissions[0] as Submission))).toBe(2 * PART);
  });

  test('bytes behind files that fill the total do not keep the files out', () => {
    const limits = { queueBytes: 1000, queueBytesTotal: 2000 };
    const harness = new FileHarness({ limits, settings: layout.SETTING_COPY_FILES });
    const file = harness.file();
    const connections = [harness.connection(), harness.connection()];
    const length = 20_000;
    let behind = 0;
    const first = harness.step({
      during: () => {
        for (const connection of connections) harness.sendFile(connection, file, 0, length);
        for (const connection of connections) {
          while (harness.write(connection, Buffer.alloc(100, 't')) >= 0) behind += 100;
        }
      },
    });
    let sent = 0;
    const answer = (submission: Submission): number | Uint8Array | undefined => {
      if (submission.operation === 'send') sent += submission.length;
      if (submission.operation === 'operate') return Buffer.alloc(submission.length, 'f');
      return undefined;
    };
    const steps = [first, ...harness.quiesce({ answer }, 400)];
    expect(steps.flatMap(({ deliveries }) => done(deliveries)).length).toBe(2);
    expect(behind).toBe(limits.queueBytesTotal / 2);
    expect(sent).toBe(2 * length + behind);
    expect(harness.word(layout.STATE_QUEUE_TOTAL)).toBe(0);
  });

  test('what is written behind it waits, and what is read goes in front', () => {
    const harness = new FileHarness();
    const [connection, file] = [harness.connection(), harness.file()];
    const steps = [
      harness.step({
        during: () => {
          harness.write(connection, 'head ');
          harness.sendFile(connection, file, 0, 10, VIA_READ);
          harness.write(connection, ' tail');
        },
      }),
    ];
    const sent: string[] = [];
    const answer = (submission: Submission): number | undefined => {
      if (submission.operation === 'send')
        sent.push(sendBytes(harness.memory, submission).toString());
      return submission.operation === 'operate' ? -layout.ERROR_IN_PROGRESS : undefined;
    };
    steps.push(...harness.quiesce({ answer }));
    for (const part of ['first', 'other']) {
      harness.complete(0, Buffer.from(part));
      steps.push(harness.step({ events: harness.announced, answer }));
      steps.push(...harness.quiesce({ answer }));
    }
    expect(sent.join('')).toBe('head firstother tail');
    expect(steps.flatMap(({ deliveries }) => done(deliveries))).toMatchObject([{ error: 0 }]);
    expect(harness.record(connection).tx.queued).toBe(0);
  });

  test('unsent bytes fill the total: it reads on when some have left', () => {
    const limits = { queueBytes: 4096, queueBytesTotal: 4096 };
    const harness = new FileHarness({ limits, settings: layout.SETTING_COPY_FILES });
    const [other, connection, file] = [harness.connection(), harness.connection(), harness.file()];
    harness.step({ during: () => harness.write(other, Buffer.alloc(4096)) });
    const blocked = ({ operation }: Submission): number | undefined =>
      operation === 'send' ? -layout.ERROR_AGAIN : undefined;
    harness.quiesce({ answer: blocked });
    const waiting = harness.step({ during: () => harness.sendFile(connection, file, 0, 100) });
    expect(waiting.submissions).toEqual([]);
    expect(harness.busy).toBe(false);
    const steps = harness.quiesce({ events: [{ ...other, ready: READY_OUT }] });
    expect(steps.flatMap(({ submissions }) => submissions)).toContainEqual(
      expect.objectContaining({ operation: 'operate', length: 100 }),
    );
  });

  test('an early end of it is an error by name', () => {
    const harness = new FileHarness({ settings: layout.SETTING_COPY_FILES });
    const [connection, file] = [harness.connection(), harness.file()];
    harness.step({ during: () => harness.sendFile(connection, file, 0, 100) });
    const steps = [harness.step({ answer: () => 0 }), ...harness.quiesce()];
    expect(steps.flatMap(({ deliveries }) => done(deliveries))).toEqual([
      { operation: 0, error: layout.ERROR_NO_DATA },
    ]);
    expect(harness.word(layout.STATE_QUEUE_TOTAL)).toBe(0);
  });
});
