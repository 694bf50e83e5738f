// The demo's second part: record a run, replay it, change one byte of a copy, and replay that.
import { readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import * as layout from '../../assembly/layout';
import { openTrace, type Trace, type TurnBlock } from '../trace';
import { BLOCK_HEAD, IN_HEAD, KIND_IN, padded, sealBlock } from '../trace/format';
import { MESSAGE_BYTES } from './demo-measure';
import { runLoad, startServer } from './demo-processes';
import type { Stage } from './demo-stage';
import { type Part, replayPartCore, replayPartProgram } from './replay';
import { formatCount } from './terminal';

const MESSAGES_EACH = 10;

export interface Recording {
  readonly file: string;
  readonly messages: number;
  readonly bytes: number;
}

/** Runs the echo server under load with --record, as a user would. */
export async function recordRun({
  host,
  connections,
  folder,
  progress,
}: Stage): Promise<Recording> {
  const file = join(folder, 'echo.trace');
  const server = await startServer('main.js', ['echo', '--host', host, '--record', file]);
  const order = {
    connections,
    size: MESSAGE_BYTES,
    messages: MESSAGES_EACH,
    warmUpMilliseconds: 0,
  };
  const { messages } = await runLoad(server, order, (report) => {
    if (report.kind !== 'connecting' && report.kind !== 'running') return;
    const half = report.done / report.wanted / 2;
    progress.show(report.kind === 'connecting' ? half : 0.5 + half, 'recording');
  });
  await server.stop();
  progress.clear();
  return { file, messages, bytes: statSync(file).size };
}

export async function replayBoth(file: string): Promise<Part[]> {
  const trace = openTrace(file);
  return [replayPartCore(trace), await replayPartProgram(trace)];
}

export interface Change {
  readonly file: string;
  readonly turn: number;
  readonly connection: string;
  /** Place of the byte in what the connection received in that turn. */
  readonly place: number;
  readonly before: string;
  readonly after: string;
}

/**
 * Writes a copy in which one byte that came in is another one, with the checksum made right again.
 */
export function changeOneByte(file: string, folder: string): Change {
  const trace = openTrace(file);
  const turn = middleDataTurn(trace);
  const delivery = firstData(turn);
  if (!delivery) throw new Error('the recording has no delivery of bytes');
  const bytes = readFileSync(file);
  const start = offsetInFile(bytes, turn, delivery.address);
  // A letter, so that it can be seen in the report: small becomes capital.
  const place = bytes.subarray(start, start + delivery.length).findIndex(isSmallLetter);
  const at = start + Math.max(0, place);
  const before = bytes[at] as number;
  const after = before ^ 0x20;
  bytes[at] = after;
  const bodyLength = bytes.readUInt32LE(turn.offset + 4);
  sealBlock(
    bytes,
    turn.offset,
    KIND_IN,
    bodyLength,
    turn.turn >>> 0,
    Math.floor(turn.turn / 2 ** 32),
  );
  const copy = join(folder, 'changed.trace');
  writeFileSync(copy, bytes, { mode: 0o600 });
  const shown = (value: number): string => JSON.stringify(String.fromCharCode(value));
  const { connection } = delivery;
  return {
    file: copy,
    turn: turn.turn,
    connection,
    place,
    before: shown(before),
    after: shown(after),
  };
}

/**
 * A turn in the middle of the run that delivers bytes: much before it is identical, much after it
 * is not reached.
 */
function middleDataTurn(trace: Trace): TurnBlock {
  let last: TurnBlock | undefined;
  for (const turn of trace.turns()) {
    if (firstData(turn)) last = turn;
    if (last && turn.turn >= trace.lastTurn / 2) return last;
  }
  throw new Error('the recording has no delivery of bytes');
}

function firstData({ deliveries }: TurnBlock) {
  for (let at = 0; at < deliveries.length; at += layout.DELIVERY_SIZE) {
    if (deliveries[at + layout.DELIVERY_KIND] !== layout.DELIVER_DATA) continue;
    const record = deliveries.readInt32LE(at + layout.DELIVERY_RECORD);
    const generation = deliveries.readUInt32LE(at + layout.DELIVERY_GENERATION);
    const address = deliveries.readUInt32LE(at + layout.DELIVERY_ADDRESS);
    const length = deliveries.readUInt32LE(at + layout.DELIVERY_LENGTH);
    return { connection: `${record}:${generation}`, address, length };
  }
  return undefined;
}

function isSmallLetter(byte: number): boolean {
  return byte >= 0x61 && byte <= 0x7a;
}

/** Where in the file the byte stands that lay at this address: format.ts, "IN". */
function offsetInFile(bytes: Buffer, turn: TurnBlock, address: number): number {
  const body = turn.offset + BLOCK_HEAD;
  let at = body + IN_HEAD;
  at += padded(bytes.readUInt32LE(body + 24)) + padded(turn.events.length);
  at += padded(turn.completions.length);
  for (const range of turn.payload) {
    const inside = address - range.address;
    if (inside >= 0 && inside < range.length) return at + 8 + inside;
    at += 8 + padded(range.length);
  }
  throw new Error(`no payload range of turn ${turn.turn} has address ${address}`);
}

export function formatSize(bytes: number): string {
  return `${formatCount(bytes / (1 << 20), 1)} MiB`;
}
