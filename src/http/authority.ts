// Hosts and ports as RFC 3986 writes them (section 3.2), in the bytes that came. Names are not
// looked at closer: what is none of ours is no syntax error.

const COLON = 0x3a;
const PERCENT = 0x25;
const OPEN = 0x5b;
const CLOSE = 0x5d;

const REGISTERED = 1;
const HEX = 2;
const DIGIT = 4;
const LITERAL = 8;

/** What each byte may be a part of. */
const kinds = new Uint8Array(256);
function mark(characters: string, kind: number): void {
  for (const byte of Buffer.from(characters)) (kinds[byte] as number) |= kind;
}
mark("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~!$&'()*+,;=", REGISTERED);
mark('0123456789ABCDEFabcdef', HEX);
mark('0123456789', DIGIT);
mark('0123456789ABCDEFabcdef:.', LITERAL);

function is(kind: number, byte: number | undefined): boolean {
  return ((kinds[byte as number] as number) & kind) !== 0;
}

/** Where the host ends that begins at `start`, or -1 when it is none. */
export function hostEnd(bytes: Uint8Array, start: number, end: number): number {
  let place = start;
  if (bytes[place] === OPEN && place < end) {
    do place++;
    while (place < end && is(LITERAL, bytes[place]));
    return place < end && bytes[place] === CLOSE && place > start + 1 ? place + 1 : -1;
  }
  for (; place < end && bytes[place] !== COLON; place++) {
    if (is(REGISTERED, bytes[place])) continue;
    if (bytes[place] !== PERCENT || place + 2 >= end) return -1;
    if (!is(HEX, bytes[place + 1]) || !is(HEX, bytes[place + 2])) return -1;
    place += 2;
  }
  return place;
}

/** Is what follows a host a port, or nothing? The port may be empty. */
export function portFits(bytes: Uint8Array, start: number, end: number): boolean {
  if (start === end) return true;
  if (start < 0 || bytes[start] !== COLON) return false;
  for (let place = start + 1; place < end; place++) {
    if (!is(DIGIT, bytes[place])) return false;
  }
  return true;
}
