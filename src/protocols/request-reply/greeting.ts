// The greeting of the scalability protocols (nanomsg, "SP TCP mapping", sp-tcp-mapping-01): each
// side begins with eight bytes that say which pattern it speaks, and the one that answers another
// pattern is turned away. Behind them come messages with a length of 64 bits, the highest byte
// first.
import type { Link } from '../link';
import { type Bytes, badMessage, type Stage } from '../protocol';

/** Request and reply; protocol 3 of the scalability protocols, its two ends. */
export const REQUESTING = 48;
export const REPLYING = 49;

const GREETING_BYTES = 8;

function greetingOf(end: number): Buffer {
  return Buffer.from([0, 0x53, 0x50, 0, end >> 8, end & 0xff, 0, 0]);
}

type Here = Link<Bytes, Uint8Array>;

/** Bytes pass as they are, once both sides have said what they are. */
export function greeting(
  ours: number,
  theirs: number,
): Stage<Uint8Array, Bytes, Uint8Array, Bytes> {
  const expected = greetingOf(theirs);
  return {
    name: 'greeting',
    open(link) {
      link.data = Buffer.alloc(0);
      link.write(greetingOf(ours));
    },
    data(link: Here, bytes) {
      if (link.data === undefined) return void link.deliver(bytes);
      const heard = Buffer.concat([link.data as Buffer, bytes]);
      const greeted = heard.subarray(0, GREETING_BYTES);
      if (!greeted.equals(expected.subarray(0, greeted.length))) {
        return link.fail(badMessage('greeting', `the peer began with ${greeted.toString('hex')}`));
      }
      link.data = heard;
      if (heard.length < GREETING_BYTES) return;
      link.data = undefined;
      link.opened();
      if (heard.length > GREETING_BYTES) link.deliver(heard.subarray(GREETING_BYTES));
    },
  };
}
