// Messages: an outcome cut into posts of an inbox.
//
//   0   u32 the job, by its number
//   4   u32 bits: 1 the first post of the outcome, 2 the last one
//   8   bytes of the outcome, as carried.ts makes them
import { POST_MAX } from '../inbox/ring';

const HEAD = 8;
/** Bytes of an outcome in one post. */
const PART_MAX = POST_MAX - HEAD;

const FIRST = 1;
const LAST = 2;

/** The posts that bring these bytes, in order. */
export function* postsOf(job: number, bytes: Uint8Array): Generator<Uint8Array, void> {
  let at = 0;
  let first = FIRST;
  do {
    const part = bytes.subarray(at, at + PART_MAX);
    at += part.length;
    const post = new Uint8Array(HEAD + part.length);
    const view = new DataView(post.buffer);
    view.setUint32(0, job, true);
    view.setUint32(4, first | (at < bytes.length ? 0 : LAST), true);
    first = 0;
    post.set(part, HEAD);
    yield post;
  } while (at < bytes.length);
}

export interface Part {
  readonly job: number;
  /** What came before it is of somebody who came to an end in the middle. */
  readonly first: boolean;
  readonly last: boolean;
  /** Valid as long as the post is. */
  readonly bytes: Uint8Array;
}

export function partOf(post: Uint8Array): Part {
  const view = new DataView(post.buffer, post.byteOffset, post.byteLength);
  const bits = view.getUint32(4, true);
  return {
    job: view.getUint32(0, true),
    first: (bits & FIRST) !== 0,
    last: (bits & LAST) !== 0,
    bytes: post.subarray(HEAD),
  };
}
