// What stands in front of requests and replies (nanomsg, sp-request-reply-01): numbers of 32 bits,
// the highest byte first. The last of them has its highest bit set and is the number that the
// request was given; those in front of it were put there by who passed it on, and a reply goes back
// with all of them.

export const NUMBER_BYTES = 4;
/** Of a request's own number. */
const LAST = 0x80;
/** How often a request may have been passed on. */
const HOPS_MAX = 16;

/** Bytes of all the numbers in front of a message; -1 when they have no end. */
export function headOf(message: Uint8Array): number {
  for (let hop = 0; hop < HOPS_MAX; hop++) {
    const at = hop * NUMBER_BYTES;
    if (at + NUMBER_BYTES > message.length) return -1;
    if ((message[at] as number) & LAST) return at + NUMBER_BYTES;
  }
  return -1;
}

/** A request with its number, of 31 bits. */
export function numbered(number: number, body: Uint8Array): Buffer {
  const message = Buffer.allocUnsafe(NUMBER_BYTES + body.length);
  message.writeInt32BE(number | (LAST << 24), 0);
  message.set(body, NUMBER_BYTES);
  return message;
}

/** The number of a reply that came back to where it was asked for; undefined: it is none. */
export function numberOf(message: Uint8Array): number | undefined {
  if (headOf(message) !== NUMBER_BYTES) return undefined;
  const [a = 0, b = 0, c = 0, d = 0] = message;
  return ((a & ~LAST) << 24) | (b << 16) | (c << 8) | d;
}
