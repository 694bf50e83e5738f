// How a representation is sent: whole, in parts, or not at all because the client has it.
import type { Exchange } from '../exchange';
import { precondition, rangeApplies } from './preconditions';
import { type ByteRange, parseRanges } from './ranges';
import { refuse } from './refusals';
import type { Representation } from './representation';

/** Makes a text that is in no file, to put between parts. */
export type MakeBoundary = () => string;

/** Answers a GET or HEAD with what was found. */
export function send(
  exchange: Exchange,
  found: Representation,
  makeBoundary: MakeBoundary,
): void | Promise<void> {
  const field = (name: string): string | undefined => exchange.header(name);
  const status = precondition(field, found);
  if (status === 304) return exchange.answer(304, found.brief);
  if (status === 412) return refuse(exchange, 412);
  const ranges = rangesOf(exchange, found);
  if (!ranges) return sendWhole(exchange, found);
  const [first, second] = ranges;
  if (!first) return refuse(exchange, 416, { 'Content-Range': `bytes */${found.size}` });
  return second
    ? sendParts(exchange, found, ranges, makeBoundary())
    : sendPart(exchange, found, first);
}

/** Undefined: the whole is meant. Ranges are of GET alone (RFC 9110 section 14.2). */
function rangesOf(exchange: Exchange, found: Representation): readonly ByteRange[] | undefined {
  const value = exchange.method === 'GET' ? exchange.header('range') : undefined;
  if (value === undefined) return undefined;
  if (!rangeApplies(exchange.header('if-range'), found, exchange.wallTime)) return undefined;
  return parseRanges(value, found.size);
}

export function sendWhole(exchange: Exchange, found: Representation): void | Promise<void> {
  const { prepared, file, size, full } = found;
  if (prepared) return exchange.answerPrepared(prepared);
  if (file && exchange.method === 'GET') return exchange.sendFile(200, full, file, 0, size);
  exchange.begin(200, full, size);
  exchange.end();
}

function placeIn({ start, end }: ByteRange, { size }: Representation): string {
  return `bytes ${start}-${end - 1}/${size}`;
}

function sendPart(
  exchange: Exchange,
  found: Representation,
  range: ByteRange,
): void | Promise<void> {
  const { start, end } = range;
  const { content, file } = found;
  const fields = found.partial(found.type, placeIn(range, found));
  if (content) return exchange.answer(206, fields, content.subarray(start, end));
  if (file) return exchange.sendFile(206, fields, file, start, end - start);
}

/** multipart/byteranges (RFC 9110 section 14.6): each part says what it is. */
async function sendParts(
  exchange: Exchange,
  found: Representation,
  ranges: readonly ByteRange[],
  boundary: string,
): Promise<void> {
  const heads = ranges.map(
    (range, place) =>
      `${place === 0 ? '' : '\r\n'}--${boundary}\r\nContent-Type: ${found.type}\r\n` +
      `Content-Range: ${placeIn(range, found)}\r\n\r\n`,
  );
  const last = `\r\n--${boundary}--\r\n`;
  const lengths = ranges.map(({ start, end }) => end - start);
  const length = lengths.reduce((sum, one) => sum + one, heads.join('').length + last.length);
  exchange.begin(206, found.partial(`multipart/byteranges; boundary=${boundary}`), length);
  const { content, file } = found;
  for (const [place, { start, end }] of ranges.entries()) {
    exchange.write(heads[place] as string);
    if (file) await exchange.appendFile(file, start, end - start);
    else if (content && !exchange.write(content.subarray(start, end))) await exchange.drained();
  }
  exchange.write(last);
  exchange.end();
}
