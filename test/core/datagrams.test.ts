// Datagrams in the core: a queue of records, of which an error takes one.
import * as layout from '../../assembly/layout';
import { CoreHarness, type Handle, type Stepped, type Turn } from '../support/core-harness';
import { queuedPieces, sendBytes } from '../support/core-views';
import { datagram, messagesOf, sendTo, wholeOf } from '../support/datagram-bytes';

const { READY_IN, READY_OUT, READY_ERROR, CALL_TAKEN, CALL_WAIT } = layout;
const MESSAGE_SIZE = 90;
const REFUSED = 111;

function bound(harness: CoreHarness): Handle {
  const socket = harness.openSource(layout.KIND_DATAGRAM);
  harness.quiesce();
  return socket;
}

function kinds({ deliveries }: Turn): string[] {
  return deliveries.map(({ kind, value }) => (kind === 'error' ? `error ${value}` : kind));
}

/** The messages that a step's send carries. */
function sent(harness: CoreHarness, { submissions }: Stepped): string[] {
  const [send] = submissions.filter(({ operation }) => operation === 'send');
  return send ? messagesOf(sendBytes(harness.memory, send)).map(String) : [];
}

describe('receiving datagrams', () => {
  test('a batch is one delivery, and says how many there are', () => {
    const harness = new CoreHarness();
    const socket = bound(harness);
    harness.step({ events: [{ ...socket, ready: READY_IN }] });
    const batch = Buffer.concat([datagram('one'), datagram(''), datagram('three')]);
    const { deliveries } = harness.step({
      answer: ({ operation }) => (operation === 'receive' ? batch : undefined),
    });
    expect(deliveries).toMatchObject([{ kind: 'data', value: 3, length: batch.length }]);
    expect(harness.count(layout.COUNTER_RECORDS_IN)).toBe(3);
    // Room was left for the largest: no more are there, and nobody asks again.
    expect(harness.record(socket).rx).toMatchObject({ available: 0, exactness: 2 });
    expect(harness.quiesce().flatMap(({ submissions }) => submissions)).toEqual([]);
  });

  test('a batch that leaves no room for the largest is followed by another', () => {
    const harness = new CoreHarness({ limits: { readBytes: 65536 * 2 } });
    const socket = bound(harness);
    harness.step({ events: [{ ...socket, ready: READY_IN }] });
    const { submissions } = harness.step({
      answer: ({ operation }) =>
        operation === 'receive' ? datagram(Buffer.alloc(65500)) : undefined,
    });
    expect(harness.record(socket).rx).toMatchObject({ available: 1, exactness: 1 });
    expect(submissions).toMatchObject([{ operation: 'receive' }]);
  });

  test('an appetite counts datagrams, and asks the host for no more', () => {
    const harness = new CoreHarness();
    const socket = bound(harness);
    harness.read(socket, 2);
    const { submissions } = harness.step({ events: [{ ...socket, ready: READY_IN }] });
    const [receive] = submissions;
    expect(harness.word((receive?.at as number) + layout.SUBMISSION_EXTRA)).toBe(2);
    harness.step({
      answer: ({ operation }) => (operation === 'receive' ? datagram('one') : undefined),
    });
    expect(harness.record(socket).appetite).toBe(1);
  });

  test('a refusal is told once; it is no end, and the next batch takes it back', () => {
    const harness = new CoreHarness();
    const socket = bound(harness);
    const ready = READY_IN | READY_ERROR;
    harness.step({ events: [{ ...socket, ready }] });
    const refused = harness.step({
      answer: ({ operation }) => (operation === 'receive' ? -REFUSED : undefined),
    });
    expect(kinds(refused)).toEqual([`error ${REFUSED}`]);
    expect(harness.record(socket)).toMatchObject({
      state: layout.STATE_OPEN,
      rx: { eof: false, error: REFUSED },
    });
    const batch = harness.step({
      answer: ({ operation }) => (operation === 'receive' ? datagram('and on') : undefined),
    });
    expect(kinds(batch)).toEqual(['data']);
    expect(harness.record(socket).rx.error).toBe(0);
  });

  test('a batch that does not end with its last record stops the core', () => {
    const harness = new CoreHarness();
    const socket = bound(harness);
    harness.step({ events: [{ ...socket, ready: READY_IN }] });
    const cut = datagram('a message').subarray(0, 50);
    expect(() =>
      harness.step({ answer: ({ operation }) => (operation === 'receive' ? cut : undefined) }),
    ).toThrow(/does not end with its last record/);
  });
});

describe('sending datagrams', () => {
  test('those of a turn leave in one send', () => {
    const harness = new CoreHarness();
    const socket = bound(harness);
    const step = harness.step({
      during: () => {
        for (const text of ['one', 'two', 'three']) sendTo(harness, socket, datagram(text));
      },
    });
    expect(sent(harness, step)).toEqual(['one', 'two', 'three']);
    harness.quiesce();
    expect(harness.count(layout.COUNTER_RECORDS_OUT)).toBe(3);
    expect(harness.record(socket).tx.queued).toBe(0);
  });

  test('after a short send with no room the rest waits for it, in order', () => {
    const harness = new CoreHarness();
    const socket = bound(harness);
    const texts = ['one', 'two', 'three', 'four'];
    harness.step({
      during: () => {
        for (const text of texts) sendTo(harness, socket, datagram(text));
      },
    });
    const short = harness.step({ answer: () => 2 * 48 });
    expect(sent(harness, short)).toEqual([]);
    expect(harness.record(socket).tx).toMatchObject({ space: 0, queued: 2 * 48 });
    const step = harness.step({ events: [{ ...socket, ready: READY_OUT }] });
    expect(sent(harness, step)).toEqual(['three', 'four']);
    harness.quiesce();
    expect(harness.count(layout.COUNTER_RECORDS_OUT)).toBe(4);
  });

  test('one in the middle that is too long is dropped and told, the others leave', () => {
    const harness = new CoreHarness();
    const socket = bound(harness);
    const step = harness.step({
      during: () => {
        for (const text of ['one', 'far too long', 'three'])
          sendTo(harness, socket, datagram(text));
      },
    });
    expect(sent(harness, step)).toEqual(['one', 'far too long', 'three']);
    // The host stopped in front of it, and not for want of room.
    const tried = harness.step({ answer: () => ({ result: 48, extra: 1 }) });
    expect(kinds(tried)).toEqual([]);
    expect(sent(harness, tried)).toEqual(['far too long', 'three']);
    const refused = harness.step({ answer: () => ({ result: -MESSAGE_SIZE, extra: 56 }) });
    expect(kinds(refused)).toEqual([`error ${MESSAGE_SIZE}`]);
    expect(harness.record(socket)).toMatchObject({
      state: layout.STATE_OPEN,
      tx: { error: MESSAGE_SIZE, queued: 48 },
    });
    expect(sent(harness, refused)).toEqual(['three']);
    harness.quiesce();
    expect(harness.record(socket).tx.error).toBe(0);
    expect(harness.count(layout.COUNTER_RECORDS_REFUSED)).toBe(1);
    expect(harness.count(layout.COUNTER_RECORDS_OUT)).toBe(2);
  });

  test('an error about an earlier datagram is told, and drops none', () => {
    const harness = new CoreHarness();
    const socket = bound(harness);
    harness.step({ during: () => void sendTo(harness, socket, datagram('one')) });
    const refused = harness.step({ answer: () => ({ result: -REFUSED, extra: 0 }) });
    expect(kinds(refused)).toEqual([`error ${REFUSED}`]);
    expect(sent(harness, refused)).toEqual(['one']);
    expect(harness.count(layout.COUNTER_RECORDS_REFUSED)).toBe(0);
  });

  test('an error about the socket is the end of it', () => {
    const harness = new CoreHarness();
    const socket = bound(harness);
    harness.step({ during: () => void sendTo(harness, socket, datagram('one')) });
    const steps = [
      harness.step({ answer: ({ operation }) => (operation === 'send' ? -9 : undefined) }),
      ...harness.quiesce(),
    ];
    expect(steps.flatMap(kinds)).toEqual(['error 9', 'close']);
  });

  test('after an error what is sent is sent: only a stream drops what follows', () => {
    const harness = new CoreHarness();
    const socket = bound(harness);
    harness.step({ during: () => void sendTo(harness, socket, datagram('lost')) });
    const refused = harness.step({
      answer: () => ({ result: -MESSAGE_SIZE, extra: 48 }),
      during: () => void sendTo(harness, socket, datagram('next')),
    });
    expect(sent(harness, refused)).toEqual(['next']);
  });

  test('`drain` follows the wait once, also when the last one was refused', () => {
    const harness = new CoreHarness({ limits: { queueBytes: 1000, queueHighWater: 90 } });
    const socket = bound(harness);
    harness.step({
      during: () => {
        expect(sendTo(harness, socket, datagram('one'))).toBe(CALL_TAKEN);
        expect(sendTo(harness, socket, datagram('two'))).toBe(CALL_WAIT);
      },
    });
    const tried = harness.step({ answer: () => ({ result: 48, extra: 1 }) });
    const refused = harness.step({ answer: () => ({ result: -MESSAGE_SIZE, extra: 48 }) });
    expect(kinds(tried)).toEqual([]);
    expect(kinds(refused)).toEqual([`error ${MESSAGE_SIZE}`, 'drain']);
    expect(harness.quiesce().flatMap(kinds)).toEqual([]);
  });

  test('a queue in blocks is sent in whole datagrams, although pieces end anywhere', () => {
    const harness = new CoreHarness({ limits: { queueBytes: 1 << 20 } });
    const socket = bound(harness);
    const texts = Array.from({ length: 300 }, (_, place) => `${place} ${'x'.repeat(1000)}`);
    harness.step({ during: () => void sendTo(harness, socket, datagram('blocked')) });
    harness.step({ answer: () => -layout.ERROR_AGAIN });
    harness.step({
      during: () => {
        for (const text of texts) sendTo(harness, socket, datagram(text));
      },
    });
    expect(
      queuedPieces(harness.memory, socket.record).every(({ home }) => home & layout.HOME_BLOCK),
    ).toBe(true);
    const messages: string[] = [];
    let step = harness.step({ events: [{ ...socket, ready: READY_OUT }] });
    for (let turn = 0; harness.record(socket).tx.queued > 0 && turn < 20; turn++) {
      messages.push(...sent(harness, step));
      step = harness.step();
    }
    expect(messages).toEqual(['blocked', ...texts]);
  });

  test('the largest is taken although no segment of the write arena holds it', () => {
    const harness = new CoreHarness();
    const socket = bound(harness);
    const largest = datagram(Buffer.alloc(layout.DATAGRAM_MAX, 'y'));
    expect(largest.length).toBeGreaterThan(harness.word(layout.WRITE_SEGMENT_SIZE));
    const { submissions } = harness.step({
      during: () => expect(sendTo(harness, socket, largest)).toBe(CALL_TAKEN),
    });
    const [send] = submissions;
    expect(send && sendBytes(harness.memory, send).equals(largest)).toBe(true);
  });

  test('bytes that are no datagrams are refused, and so is a record of another kind', () => {
    const harness = new CoreHarness();
    const socket = bound(harness);
    const connection = harness.connection();
    const whole = datagram('a message');
    expect(sendTo(harness, socket, whole.subarray(0, 48))).toBe(layout.CALL_BAD_BYTES);
    expect(sendTo(harness, socket, whole.subarray(0, 39))).toBe(layout.CALL_BAD_BYTES);
    expect(sendTo(harness, connection, whole)).toBe(layout.CALL_WRONG_KIND);
    // A stream of bytes would be cut anywhere.
    expect(harness.write(socket, 'bytes')).toBe(layout.CALL_WRONG_KIND);
    expect(harness.record(socket).tx.queued).toBe(0);
    harness.close(socket);
    expect(sendTo(harness, socket, whole)).toBe(layout.CALL_CLOSED);
  });

  test('draining sends what is queued, then closes', () => {
    const harness = new CoreHarness();
    const socket = bound(harness);
    const last = harness.step({
      during: () => {
        for (const text of ['one', 'two']) sendTo(harness, socket, datagram(text));
        harness.core.stop(1, -1);
      },
    });
    expect(sent(harness, last)).toEqual(['one', 'two']);
    const short = harness.step({
      answer: ({ operation }) => (operation === 'send' ? { result: 48, extra: 1 } : undefined),
    });
    expect(sent(harness, short)).toEqual(['two']);
    expect(harness.quiesce().flatMap(kinds)).toEqual(['close']);
    expect(harness.word(layout.RECORDS_USED)).toBe(0);
  });

  test('a host that sends a part of a datagram stops the core', () => {
    const harness = new CoreHarness();
    const socket = bound(harness);
    const bytes = Buffer.concat([datagram('one'), datagram('two')]);
    expect(wholeOf(bytes, 50)).toBe(48);
    harness.step({ during: () => void sendTo(harness, socket, bytes) });
    expect(() => harness.step({ answer: () => 50 })).toThrow(/a part of a datagram was sent/);
  });
});
