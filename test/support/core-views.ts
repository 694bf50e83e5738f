// What lies in the core's memory, as objects with names.
import * as layout from '../../assembly/layout';
import { type ReactorMemory, word } from '../../src/core/memory';

export type Operation =
  | 'listen'
  | 'connect'
  | 'connectStatus'
  | 'accept'
  | 'receive'
  | 'send'
  | 'shutdown'
  | 'close'
  | 'sample'
  | 'option'
  | 'open'
  | 'operate'
  | 'sendFile'
  | 'announced'
  | 'collect'
  | 'take';

const OPERATIONS = new Map<number, Operation>([
  [layout.OPERATION_LISTEN, 'listen'],
  [layout.OPERATION_CONNECT, 'connect'],
  [layout.OPERATION_CONNECT_STATUS, 'connectStatus'],
  [layout.OPERATION_ACCEPT, 'accept'],
  [layout.OPERATION_RECEIVE, 'receive'],
  [layout.OPERATION_SEND, 'send'],
  [layout.OPERATION_SHUTDOWN, 'shutdown'],
  [layout.OPERATION_CLOSE, 'close'],
  [layout.OPERATION_SAMPLE, 'sample'],
  [layout.OPERATION_OPTION, 'option'],
  [layout.OPERATION_OPEN, 'open'],
  [layout.OPERATION_OPERATE, 'operate'],
  [layout.OPERATION_SEND_FILE, 'sendFile'],
  [layout.OPERATION_ANNOUNCED, 'announced'],
  [layout.OPERATION_COLLECT, 'collect'],
  [layout.OPERATION_TAKE, 'take'],
]);

export type DeliveryKind =
  | 'listening'
  | 'open'
  | 'data'
  | 'change'
  | 'drain'
  | 'end'
  | 'error'
  | 'close'
  | 'timer'
  | 'done'
  | 'part'
  | 'idle';

const DELIVERIES = new Map<number, DeliveryKind>([
  [layout.DELIVER_LISTENING, 'listening'],
  [layout.DELIVER_OPEN, 'open'],
  [layout.DELIVER_DATA, 'data'],
  [layout.DELIVER_CHANGE, 'change'],
  [layout.DELIVER_DRAIN, 'drain'],
  [layout.DELIVER_END, 'end'],
  [layout.DELIVER_ERROR, 'error'],
  [layout.DELIVER_CLOSE, 'close'],
  [layout.DELIVER_TIMER, 'timer'],
  [layout.DELIVER_DONE, 'done'],
  [layout.DELIVER_PART, 'part'],
  [layout.DELIVER_IDLE, 'idle'],
]);

export interface Submission {
  /** Its entry's address. */
  readonly at: number;
  readonly operation: Operation;
  readonly linked: boolean;
  readonly record: number;
  readonly generation: number;
  readonly address: number;
  readonly length: number;
  readonly argument: number;
}

export interface Delivery {
  readonly kind: DeliveryKind;
  readonly record: number;
  readonly generation: number;
  readonly address: number;
  readonly length: number;
  readonly value: number;
  readonly handlers: number;
  /** Of an operation: its generation; else the listener's place plus 1. */
  readonly listener: number;
  readonly via: number;
}

export interface Update {
  readonly record: number;
  readonly side: 'rx' | 'tx';
  /** eof, or ended. */
  readonly done: boolean;
  readonly exactness: number;
  readonly value: number;
  readonly queued: number;
  readonly error: number;
  readonly sequence: number;
}

export interface Piece {
  readonly address: number;
  readonly length: number;
  readonly home: number;
}

export interface RecordView {
  readonly generation: number;
  readonly kind: number;
  readonly state: number;
  readonly appetite: number;
  readonly work: number;
  readonly rx: {
    available: number;
    error: number;
    eof: boolean;
    exactness: number;
    sequence: number;
  };
  readonly tx: {
    space: number;
    queued: number;
    error: number;
    ended: boolean;
    exactness: number;
    sequence: number;
  };
  readonly pieceFirst: number;
  readonly bytesIn: number;
  readonly bytesTaken: number;
  readonly bytesSent: number;
}

/** Entries of one region, each decoded. */
function list<T>(
  memory: ReactorMemory,
  base: number,
  total: number,
  size: number,
  decode: (view: DataView, at: number) => T,
): T[] {
  const view = new DataView(memory.buffer);
  const start = word(memory, base);
  return Array.from({ length: total }, (_, place) => decode(view, start + place * size));
}

export function readSubmissions(memory: ReactorMemory): Submission[] {
  const total = word(memory, layout.SUBMISSION_COUNT);
  return list(memory, layout.SUBMISSIONS_BASE, total, layout.SUBMISSION_SIZE, (view, at) => ({
    at,
    operation: OPERATIONS.get(view.getUint8(at + layout.SUBMISSION_OPERATION)) as Operation,
    linked: (view.getUint8(at + layout.SUBMISSION_FLAGS) & layout.SUBMISSION_LINKED) !== 0,
    record: view.getInt32(at + layout.SUBMISSION_RECORD, true),
    generation: view.getUint32(at + layout.SUBMISSION_GENERATION, true),
    address: view.getUint32(at + layout.SUBMISSION_ADDRESS, true),
    length: view.getUint32(at + layout.SUBMISSION_LENGTH, true),
    argument: view.getInt32(at + layout.SUBMISSION_ARGUMENT, true),
  }));
}

export function readDeliveries(memory: ReactorMemory): Delivery[] {
  const total = word(memory, layout.DELIVERY_COUNT);
  return list(memory, layout.DELIVERIES_BASE, total, layout.DELIVERY_SIZE, (view, at) => ({
    kind: DELIVERIES.get(view.getUint8(at + layout.DELIVERY_KIND)) as DeliveryKind,
    record: view.getInt32(at + layout.DELIVERY_RECORD, true),
    generation: view.getUint32(at + layout.DELIVERY_GENERATION, true),
    address: view.getUint32(at + layout.DELIVERY_ADDRESS, true),
    length: view.getUint32(at + layout.DELIVERY_LENGTH, true),
    value: view.getInt32(at + layout.DELIVERY_VALUE, true),
    handlers: view.getInt32(at + layout.DELIVERY_HANDLERS, true),
    listener: view.getUint32(at + layout.DELIVERY_LISTENER, true),
    via: view.getUint8(at + layout.DELIVERY_VIA),
  }));
}

export function readUpdates(memory: ReactorMemory): Update[] {
  const total = word(memory, layout.UPDATE_COUNT);
  return list(memory, layout.UPDATES_BASE, total, layout.UPDATE_SIZE, (view, at) => ({
    record: view.getInt32(at + layout.UPDATE_RECORD, true),
    side: view.getUint8(at + layout.UPDATE_SIDE) === 0 ? 'rx' : 'tx',
    done: view.getUint8(at + layout.UPDATE_EOF) !== 0,
    exactness: view.getUint8(at + layout.UPDATE_EXACTNESS),
    value: view.getInt32(at + layout.UPDATE_VALUE, true),
    queued: view.getInt32(at + layout.UPDATE_QUEUED, true),
    error: view.getInt32(at + layout.UPDATE_ERROR, true),
    sequence: view.getUint32(at + layout.UPDATE_SEQUENCE, true),
  }));
}

export function recordAddress(memory: ReactorMemory, record: number): number {
  return word(memory, layout.RECORDS_BASE) + record * layout.RECORD_SIZE;
}

export function readRecord(memory: ReactorMemory, record: number): RecordView {
  const view = new DataView(memory.buffer);
  const at = recordAddress(memory, record);
  return {
    generation: view.getUint32(at + layout.RECORD_GENERATION, true),
    kind: view.getUint8(at + layout.RECORD_KIND),
    state: view.getUint8(at + layout.RECORD_STATE),
    appetite: view.getInt32(at + layout.RECORD_APPETITE, true),
    work: view.getInt32(at + layout.RECORD_WORK, true),
    rx: {
      available: view.getInt32(at + layout.RX_AVAILABLE, true),
      error: view.getInt32(at + layout.RX_ERROR, true),
      eof: view.getUint8(at + layout.RX_EOF) !== 0,
      exactness: view.getUint8(at + layout.RX_EXACTNESS),
      sequence: view.getUint32(at + layout.RX_SEQUENCE, true),
    },
    tx: {
      space: view.getInt32(at + layout.TX_SPACE, true),
      queued: view.getUint32(at + layout.TX_QUEUED, true),
      error: view.getInt32(at + layout.TX_ERROR, true),
      ended: view.getUint8(at + layout.TX_ENDED) !== 0,
      exactness: view.getUint8(at + layout.TX_EXACTNESS),
      sequence: view.getUint32(at + layout.TX_SEQUENCE, true),
    },
    pieceFirst: view.getInt32(at + layout.RECORD_PIECE_FIRST, true),
    bytesIn: Number(view.getBigUint64(at + layout.RECORD_BYTES_IN, true)),
    bytesTaken: Number(view.getBigUint64(at + layout.RECORD_BYTES_TAKEN, true)),
    bytesSent: Number(view.getBigUint64(at + layout.RECORD_BYTES_SENT, true)),
  };
}

function pieceChain(memory: ReactorMemory, first: number, most: number): Piece[] {
  const base = word(memory, layout.PIECES_BASE);
  const pieces: Piece[] = [];
  for (let piece = first; piece !== layout.NONE && pieces.length < most; ) {
    const at = base + piece * layout.PIECE_SIZE;
    pieces.push({
      address: word(memory, at + layout.PIECE_ADDRESS) >>> 0,
      length: word(memory, at + layout.PIECE_LENGTH) >>> 0,
      home: word(memory, at + layout.PIECE_HOME),
    });
    piece = word(memory, at + layout.PIECE_NEXT);
  }
  return pieces;
}

/** The pieces that a send gathers. */
export function sendPieces(memory: ReactorMemory, submission: Submission): Piece[] {
  return pieceChain(memory, submission.address, submission.argument);
}

/** The bytes that a send of `length` of them would put on the wire. */
export function sendBytes(
  memory: ReactorMemory,
  submission: Submission,
  length = submission.length,
): Buffer {
  const parts = sendPieces(memory, submission).map((piece) =>
    memory.bytes.subarray(piece.address, piece.address + piece.length),
  );
  return Buffer.concat(parts).subarray(0, length);
}

/** All pieces that a record holds. */
export function queuedPieces(memory: ReactorMemory, record: number): Piece[] {
  return pieceChain(memory, readRecord(memory, record).pieceFirst, Number.POSITIVE_INFINITY);
}
