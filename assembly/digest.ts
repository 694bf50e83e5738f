// The digest of trace format 1: 64 bits, four lanes over 32-byte stripes, so that Wasm runs near
// memory speed. It detects accidents and edits, it is no defence against someone who wants a
// collision.
//
//   lane[i] = rotate(( lane[i] ^ word[i] ) * PRIME, 29)     for each whole stripe of four u64 words
//   then the lanes, the remaining words, the last bytes (zero-padded) and the length are folded
//   the same way

const PRIME: u64 = 0x9e3779b97f4a7c15;

function fold(lane: u64, value: u64): u64 {
  return rotl<u64>((lane ^ value) * PRIME, 29);
}

export function digest(seed: u64, address: u32, length: u32): u64 {
  let cursor = address;
  const end = address + length;
  let result = fold(seed, length);
  if (length >= 32) {
    let a = result;
    let b = result ^ PRIME;
    let c = result + PRIME;
    let d = ~result;
    const stripes = address + (length & ~31);
    while (cursor < stripes) {
      a = fold(a, load<u64>(cursor));
      b = fold(b, load<u64>(cursor, 8));
      c = fold(c, load<u64>(cursor, 16));
      d = fold(d, load<u64>(cursor, 24));
      cursor += 32;
    }
    result = fold(fold(fold(a, b), c), d);
  }
  while (cursor + 8 <= end) {
    result = fold(result, load<u64>(cursor));
    cursor += 8;
  }
  if (cursor < end) {
    let last: u64 = 0;
    for (let place: u32 = 0; cursor + place < end; place++) {
      last |= (<u64>load<u8>(cursor + place)) << (place * 8);
    }
    result = fold(result, last);
  }
  return result ^ (result >> 32);
}
