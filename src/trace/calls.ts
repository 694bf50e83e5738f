// Calls as a reader sees them, and in words.
import * as layout from '../../assembly/layout';
import { readPeer } from '../reactor/address';
import { triggerName } from '../reactor/triggers';
import { digestsOf, padded } from './format';

export interface Call {
  readonly operation: number;
  /** Of OPERATE: the task. */
  readonly detail: number;
  readonly mode: number;
  readonly outside: boolean;
  readonly record: number;
  readonly generation: number;
  readonly argument: number;
  readonly value: number;
  readonly length: number;
  readonly result: number;
  readonly address: number;
  /** Head and tail as they stand in the trace. */
  readonly raw: Buffer;
  /** The bytes, or their digests; empty without either. */
  readonly tail: Buffer;
}

/** Size of what follows a call's 32 bytes. */
export function tailSize(mode: number, length: number): number {
  if (mode === layout.MODE_BYTES) return padded(length);
  return mode === layout.MODE_DIGEST ? 8 * digestsOf(length) : 0;
}

/** Splits a call stream. A stream that does not come out even ends with an undefined. */
export function* splitCalls(stream: Buffer): Generator<Call | undefined> {
  let at = 0;
  while (at < stream.length) {
    const call = callAt(stream, at);
    yield call;
    if (!call) return;
    at += call.raw.length;
  }
}

/** The call that begins there; undefined at the end, or when it is cut. */
export function callAt(stream: Buffer, at: number): Call | undefined {
  if (at + layout.CALL_SIZE > stream.length) return undefined;
  const mode = stream[at + layout.CALL_MODE] as number;
  const length = stream.readUInt32LE(at + layout.CALL_LENGTH);
  // The length first: a damaged one may be too large for the arithmetic behind it.
  const left = stream.length - at - layout.CALL_SIZE;
  if (mode === layout.MODE_BYTES && length > left) return undefined;
  const size = layout.CALL_SIZE + tailSize(mode, length);
  if (at + size > stream.length) return undefined;
  return {
    operation: stream[at + layout.CALL_OPERATION] as number,
    detail: stream[at + layout.CALL_DETAIL] as number,
    mode,
    outside: stream[at + layout.CALL_OUTSIDE] === 1,
    record: stream.readInt32LE(at + layout.CALL_RECORD),
    generation: stream.readUInt32LE(at + layout.CALL_GENERATION),
    argument: stream.readInt32LE(at + layout.CALL_ARGUMENT),
    value: stream.readInt32LE(at + layout.CALL_VALUE),
    length,
    result: stream.readInt32LE(at + layout.CALL_RESULT),
    address: stream.readUInt32LE(at + layout.CALL_ADDRESS),
    raw: stream.subarray(at, at + size),
    tail: stream.subarray(at + layout.CALL_SIZE, at + size),
  };
}

const NAMES: Record<number, string> = {
  [layout.CALL_LISTEN]: 'listen',
  [layout.CALL_CONNECT]: 'connect',
  [layout.CALL_WRITE]: 'write',
  [layout.CALL_READ]: 'read',
  [layout.CALL_END]: 'end',
  [layout.CALL_CLOSE]: 'close',
  [layout.CALL_DESTROY]: 'destroy',
  [layout.CALL_SAMPLE]: 'sample',
  [layout.CALL_OPTION]: 'setOption',
  [layout.CALL_TIMER_START]: 'setTimer',
  [layout.CALL_TIMER_CANCEL]: 'cancelTimer',
  [layout.CALL_RANDOM]: 'random',
  [layout.CALL_THROWN]: 'threw',
  [layout.CALL_STOP]: 'reactor.close',
  [layout.CALL_OPEN]: 'open',
  [layout.CALL_SEND_TO]: 'send',
  [layout.CALL_OPERATE]: 'operation',
  [layout.CALL_SEND_FILE]: 'sendFile',
  [layout.CALL_TRIGGER]: 'setTrigger',
  [layout.CALL_ENABLE]: 'enable',
  [layout.CALL_IDLE_START]: 'idle',
  [layout.CALL_SPAWN]: 'spawn',
  [layout.CALL_TAKEN_STREAM]: 'stream of spawn',
  [layout.CALL_LEASE]: 'lease',
  [layout.CALL_UNLEASE]: 'release',
};

const KINDS: Record<number, string> = {
  [layout.KIND_CONNECTION]: 'descriptor',
  [layout.KIND_DATAGRAM]: 'datagrams',
  [layout.KIND_SIGNAL]: 'signal',
  [layout.KIND_PROCESS]: 'process',
  [layout.KIND_PATH]: 'path',
  [layout.KIND_NETWORK]: 'network',
  [layout.KIND_INBOX]: 'inbox',
  [layout.KIND_FILE]: 'file',
};

const TASKS: Record<number, string> = {
  [layout.TASK_READ]: 'file.read',
  [layout.TASK_WRITE]: 'file.write',
  [layout.TASK_SYNC]: 'file.sync',
  [layout.TASK_SYNC_DATA]: 'file.datasync',
  [layout.TASK_STAT]: 'file.stat',
  [layout.TASK_TRUNCATE]: 'file.truncate',
  [layout.TASK_LIST]: 'directory.read',
  [layout.TASK_CONTROL]: 'control',
};

function kindName(kind: number): string {
  return KINDS[kind] ?? `kind ${kind}`;
}

export function callName(operation: number): string {
  return NAMES[operation] ?? `call ${operation}`;
}

/** The call in one line: operation, whose, arguments, first bytes. */
export function describeCall(call: Call): string {
  const name = callName(call.operation);
  switch (call.operation) {
    case layout.CALL_LISTEN:
    case layout.CALL_CONNECT: {
      const text = call.tail.subarray(0, call.length).toString();
      return `${name}(${JSON.stringify(text)}, port ${call.argument & 0xffff}${describeWants(call)})`;
    }
    case layout.CALL_WRITE:
      return `${name}(${call.record}:${call.generation}, ${describeBytes(call)})`;
    case layout.CALL_READ: {
      const appetite = call.argument === layout.APPETITE_UNLIMITED ? 'Infinity' : call.argument;
      return `${name}(${call.record}:${call.generation}, ${appetite})`;
    }
    case layout.CALL_OPTION:
      return `${name}(${call.record}:${call.generation}, ${call.argument}, ${call.value})`;
    case layout.CALL_IDLE_START:
    case layout.CALL_TIMER_START: {
      const delay = (call.generation >>> 0) + call.argument * 2 ** 32;
      return `${name}(${delay / 1e6} ms${call.record ? ', repeating' : ''})`;
    }
    case layout.CALL_OPEN: {
      const kind = call.generation >>> 16;
      const [text = '', remote] = call.tail.subarray(0, call.length).toString().split('\0');
      const port = kind === layout.KIND_DATAGRAM ? `port ${call.argument & 0xffff}` : call.argument;
      const to = remote === undefined ? '' : ` to ${JSON.stringify(remote)}`;
      return `${name} ${kindName(kind)}(${JSON.stringify(text)}, ${port}${to})`;
    }
    case layout.CALL_SPAWN: {
      const [total = '0', , , , ...texts] = call.tail.toString('utf8', 0, call.length).split('\0');
      return `${name}(${JSON.stringify(texts.slice(0, Number(total)))})`;
    }
    case layout.CALL_TAKEN_STREAM:
      return `${name}(${['stdin', 'stdout', 'stderr'][call.record] ?? call.record})`;
    case layout.CALL_SEND_TO:
      return `${name}(${call.record}:${call.generation}, ${describeDatagrams(call)})`;
    case layout.CALL_OPERATE: {
      const offset = (call.argument >>> 0) + call.value * 2 ** 32;
      const what = TASKS[call.detail] ?? `task ${call.detail}`;
      return `${what}(${call.record}:${call.generation}, at ${offset}, ${call.length} bytes)`;
    }
    case layout.CALL_LEASE:
      return `${name}(${call.argument} bytes)`;
    case layout.CALL_UNLEASE:
      return `${name}(lease ${call.record})`;
    case layout.CALL_TRIGGER: {
      const mode = triggerName(call.argument);
      return `${name}(${call.record}:${call.generation}, ${mode})`;
    }
    case layout.CALL_SEND_FILE: {
      if (call.tail.length < 16) return name;
      const range = `at ${call.tail.readBigUInt64LE(0)}, ${call.tail.readBigUInt64LE(8)} bytes`;
      const file = `${call.argument}:${call.value >>> 0}`;
      return `${name}(${call.record}:${call.generation}, file ${file} ${range})`;
    }
    case layout.CALL_RANDOM:
      return `${name}()`;
    case layout.CALL_STOP:
      return `${name}(${call.argument ? 'drain' : 'now'})`;
    default:
      return `${name}(${call.record}:${call.generation})`;
  }
}

/** Of the handlers only those that change what the core does. */
function describeWants({ generation }: Call): string {
  const change = generation & layout.WANTS_CHANGE ? ', with change' : '';
  return `${change}${generation & layout.WANTS_END ? ', with end' : ''}`;
}

/** Where to, and how long: a message stands behind each head. */
function describeDatagrams({ tail, length }: Call): string {
  const shown: string[] = [];
  for (let at = 0; at + layout.DATAGRAM_HEAD <= length; ) {
    const size = tail.readUInt32LE(at + layout.DATAGRAM_LENGTH);
    const { family, address, port } = readPeer(tail, at);
    const named = tail.readUInt16LE(at + layout.PEER_FAMILY) !== 0;
    const to =
      family === 'local' ? (named ? 'a local socket' : 'the remote') : `${address}:${port}`;
    shown.push(`${size} bytes to ${to}`);
    at += layout.DATAGRAM_HEAD + padded(size);
  }
  return shown.join(', ');
}

const SHOWN = 24;

function describeBytes(call: Call): string {
  if (call.mode === layout.MODE_BYTES) {
    const shown = call.tail.subarray(0, Math.min(SHOWN, call.length));
    const more = call.length > SHOWN ? '…' : '';
    return `${call.length} bytes: ${shown.toString('hex')}${more} ${JSON.stringify(shown.toString('latin1'))}${more}`;
  }
  if (call.mode === layout.MODE_DIGEST) {
    const first =
      call.tail.length >= 8 ? call.tail.readBigUInt64LE(0).toString(16).padStart(16, '0') : '';
    return `${call.length} bytes with digest ${first}${call.tail.length > 8 ? '…' : ''}`;
  }
  return `${call.length} stale bytes`;
}
