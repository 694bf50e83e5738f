// A sample of a Wasm protocol: the stage for netstrings (D. J. Bernstein, 1997). A message is its
// length in digits, a colon, the bytes and a comma: "5:hello,". A stage is told of bytes and makes
// messages, is told of messages and makes bytes, and keeps what has no end yet.
//
// It is compiled by scripts/prepare.mjs into build/protocols/netstring.wasm. Its memory is the
// layout below and nothing else: it allocates nothing, so whatever comes it needs no more.
import * as below from './calandria';

/** Most bytes of a message. */
const MESSAGE_MAX: i32 = 16_384;
/** "16384:" */
const HEAD_MAX: i32 = 6;
const FRAME_MAX: i32 = HEAD_MAX + MESSAGE_MAX + 1;
const DATA_ROOM: i32 = 32_768;

// What has no end yet is kept right in front of where the next bytes will be put, so that both lie
// together without being moved.
const incoming = memory.data(FRAME_MAX + DATA_ROOM);
const dataRoom = incoming + FRAME_MAX;
const outgoing = memory.data(FRAME_MAX);
const writeRoom = outgoing + HEAD_MAX;
const protocolName = memory.data<u8>([110, 101, 116, 115, 116, 114, 105, 110, 103, 0]);

const COLON: u8 = 58;
const COMMA: u8 = 44;
const ZERO: u8 = 48;

/** Bytes that came and are not done with. */
let at: usize = dataRoom;
let limit: usize = dataRoom;

export function calandria_protocol(): i32 {
  return below.VERSION;
}

export function name(): usize {
  return protocolName;
}

export function room(which: i32): usize {
  return which == below.ROOM_DATA ? dataRoom : writeRoom;
}

export function room_size(which: i32): i32 {
  return which == below.ROOM_DATA ? DATA_ROOM : MESSAGE_MAX;
}

export function data(length: i32): void {
  limit = dataRoom + length;
  parse();
}

/** After deliver() answered 0 nothing comes before this. */
export function resume(): void {
  parse();
}

export function end(): void {
  if (at < limit) refuse('the end came within a message');
  else below.ended();
}

/** Gives what is complete to the layer above, as long as it wants more, and keeps the rest. */
function parse(): void {
  while (at < limit) {
    let digits: usize = 0;
    let size: i32 = 0;
    while (at + digits < limit && isDigit(load<u8>(at + digits))) {
      size = 10 * size + (load<u8>(at + digits) - ZERO);
      digits++;
      if (size > MESSAGE_MAX) return refuse('a message is too long');
      if (digits > 1 && load<u8>(at) == ZERO) return refuse('a length begins with 0');
    }
    if (at + digits == limit) break;
    if (digits == 0 || load<u8>(at + digits) != COLON) return refuse('a length is no number');
    const message = at + digits + 1;
    if (message + size >= limit) break;
    if (load<u8>(message + size) != COMMA) return refuse('there is no comma behind a message');
    at = message + size + 1;
    if (below.deliver(message, size) == 0) return;
  }
  const rest = limit - at;
  memory.copy(dataRoom - rest, at, rest);
  at = dataRoom - rest;
  limit = dataRoom;
}

function isDigit(byte: u8): bool {
  return byte >= ZERO && byte < ZERO + 10;
}

function refuse(why: string): void {
  at = limit;
  // A string's characters have two bytes each; those of these texts need one.
  for (let place = 0; place < why.length; place++) {
    store<u8>(outgoing + place, <u8>load<u16>(changetype<usize>(why) + 2 * place));
  }
  below.fail(outgoing, why.length);
}

export function write(length: i32): i32 {
  let start: usize = writeRoom - 1;
  store<u8>(start, COLON);
  let left = length;
  do {
    start--;
    store<u8>(start, ZERO + <u8>(left % 10));
    left /= 10;
  } while (left > 0);
  store<u8>(writeRoom + length, COMMA);
  return below.write(start, <i32>(writeRoom - start) + length + 1);
}
