// The Range field of a request: which bytes are wanted. RFC 9110 section 14.

/** Bytes [start, end). */
export interface ByteRange {
  readonly start: number;
  readonly end: number;
}

/** More than this in one field is nobody who wants to read. */
const RANGES_MAX = 32;
const OVERLAPPING_MAX = 2;

const SPECIFIER = /^(\d*)-(\d*)$/;

/** Undefined: it has no byte of this representation. False: it is no range at all. */
function rangeOf(text: string, size: number): ByteRange | undefined | false {
  const [, first = '', last = ''] = SPECIFIER.exec(text) ?? [];
  if (first === '' && last === '') return false;
  if (first === '') {
    const length = Math.min(Number(last), size);
    return length === 0 ? undefined : { start: size - length, end: size };
  }
  const start = Number(first);
  if (last !== '' && Number(last) < start) return false;
  if (start >= size) return undefined;
  return { start, end: last === '' ? size : Math.min(Number(last) + 1, size) };
}

function overlapping(ranges: readonly ByteRange[]): number {
  const sorted = [...ranges].sort((a, b) => a.start - b.start);
  let end = 0;
  let total = 0;
  for (const range of sorted) {
    if (range.start < end) total++;
    end = Math.max(end, range.end);
  }
  return total;
}

/**
 * The ranges that are asked for, in their order; an empty list when none of them has a byte of the
 * `size` there are (416). Undefined: the field means nothing here, or asks for so much that the
 * whole is no more (section 14.2), and is ignored.
 */
export function parseRanges(value: string, size: number): readonly ByteRange[] | undefined {
  const [, list] = /^bytes=(.*)$/i.exec(value.trim()) ?? [];
  if (list === undefined) return undefined;
  const ranges: ByteRange[] = [];
  let given = 0;
  let length = 0;
  for (const element of list.split(',')) {
    const text = element.trim();
    // Empty elements of a list do not count (section 5.6.1.2).
    if (text === '') continue;
    const range = rangeOf(text, size);
    if (range === false || ++given > RANGES_MAX) return undefined;
    if (!range) continue;
    ranges.push(range);
    length += range.end - range.start;
  }
  if (given === 0) return undefined;
  if (ranges.length === 1) return ranges;
  return (length >= size && ranges.length > 0) || overlapping(ranges) > OVERLAPPING_MAX
    ? undefined
    : ranges;
}
