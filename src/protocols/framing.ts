// Framing: a stage that cuts the stream of bytes into frames. What a frame is, a set of rules says;
// here lives what every framing has to get right: frames that come in pieces or several at once, a
// layer above that wants no more for now, and the end behind them.
import { types } from 'node:util';
import { type CalandriaError, typeError } from '../errors';
import type { Link } from './link';
import { type Bytes, badMessage, checkProtocol, type Stage } from './protocol';

export interface FramingRules<Message, Reply> {
  readonly name: string;
  /**
   * Where the frame ends that begins at `start`, or -1 while bytes are missing. Of the bytes behind
   * `start`, `scanned` were there already when it was asked last. Has to throw (badMessage) when
   * the frame can never end within its bounds: what waits for its end is kept.
   */
  frameEnd(bytes: Uint8Array, start: number, scanned: number): number;
  /** What the layer above gets for a frame. The bytes are valid until this turn ends. */
  decode(frame: Uint8Array): Message;
  /** A whole frame; may throw for what cannot be one. */
  encode(reply: Reply): Bytes;
  /** What an unfinished frame is worth at the end. Without it: an error. */
  last?(rest: Uint8Array): Message;
}

/** The beginning of a frame whose end has not come, or frames that nobody wants yet. */
class Rest {
  bytes = EMPTY;
  start = 0;
  end = 0;
  /** Bytes that frameEnd() has seen in vain. */
  scanned = 0;
  /** The layer above wants no more for now. */
  waits = false;
  ended = false;

  get length(): number {
    return this.end - this.start;
  }

  get view(): Uint8Array {
    return this.bytes.subarray(0, this.end);
  }

  /**
   * Appends a copy. Bytes in front of `start` may have been given to somebody in this turn, so they
   * are never written again: a full buffer is left, and what waits moves to one that is larger.
   */
  append(chunk: Uint8Array): void {
    if (this.end + chunk.length > this.bytes.length) {
      // The first time just what is needed: often the next bytes bring the end.
      const factor = this.length === 0 ? 1 : 2;
      const room = factor * (this.length + chunk.length);
      const grown = new Uint8Array(Math.max(ROOM_LEAST, room));
      grown.set(this.bytes.subarray(this.start, this.end));
      this.bytes = grown;
      this.end = this.length;
      this.start = 0;
    }
    this.bytes.set(chunk, this.end);
    this.end += chunk.length;
  }

  clear(): void {
    this.bytes = EMPTY;
    this.start = 0;
    this.end = 0;
    this.scanned = 0;
  }
}

const EMPTY = new Uint8Array(0);
const ROOM_LEAST = 64;

/** Text or bytes as bytes. */
export function bytesOf(reply: Bytes, encoding: 'utf8' | 'latin1' = 'utf8'): Uint8Array {
  if (typeof reply === 'string') return Buffer.from(reply, encoding);
  if (!types.isUint8Array(reply)) throw typeError('bytes', 'a Uint8Array or a string', reply);
  return reply;
}

export function framing<Message, Reply>(
  rules: FramingRules<Message, Reply>,
): Stage<Uint8Array, Bytes, Message, Reply> {
  type Here = Link<Bytes, Message>;
  const restOf = (link: Here): Rest => {
    link.data ??= new Rest();
    return link.data as Rest;
  };

  /** Gives the frames in `bytes` from `start` on upwards; answers where it stopped. */
  function cut(link: Here, rest: Rest, bytes: Uint8Array, start: number): number {
    let from = start;
    for (;;) {
      const end = rules.frameEnd(bytes, from, rest.scanned);
      if (end < 0) {
        rest.scanned = bytes.length - from;
        return from;
      }
      rest.scanned = 0;
      const frame = bytes.subarray(from, end);
      from = end;
      if (link.deliver(rules.decode(frame))) continue;
      rest.waits = true;
      return from;
    }
  }

  /** What the other side sent is its fault, and no exception: the layers above hear of it. */
  function refusing(link: Here, rest: Rest, what: () => void): void {
    try {
      what();
    } catch (error) {
      if ((error as Partial<CalandriaError>).code !== 'ERR_CALANDRIA_BAD_MESSAGE') throw error;
      rest.clear();
      link.fail(error as Error);
    }
  }

  function goOn(link: Here, rest: Rest): void {
    rest.start = cut(link, rest, rest.view, rest.start);
    if (rest.length === 0) rest.clear();
    if (rest.ended && !rest.waits) finish(link, rest);
  }

  function finish(link: Here, rest: Rest): void {
    if (rest.length > 0) {
      if (!rules.last) throw badMessage(rules.name, 'the end came within a frame');
      const message = rules.last(rest.view.subarray(rest.start));
      rest.clear();
      link.deliver(message);
    }
    link.ended();
  }

  return checkProtocol({
    name: rules.name,
    data(link: Here, chunk: Uint8Array) {
      const rest = restOf(link);
      refusing(link, rest, () => {
        if (rest.waits) return rest.append(chunk);
        if (rest.length > 0) {
          rest.append(chunk);
          return goOn(link, rest);
        }
        // The common case: frames are given as they lie, and only what is left over is copied.
        const stopped = cut(link, rest, chunk, 0);
        if (stopped < chunk.length) rest.append(chunk.subarray(stopped));
      });
    },
    resume(link: Here) {
      const rest = restOf(link);
      rest.waits = false;
      refusing(link, rest, () => goOn(link, rest));
    },
    end(link: Here) {
      const rest = restOf(link);
      rest.ended = true;
      if (!rest.waits) refusing(link, rest, () => finish(link, rest));
    },
    write: (link: Here, reply: Reply) => link.write(rules.encode(reply)),
  });
}
