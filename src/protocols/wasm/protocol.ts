// A Wasm module as a protocol or stage. Each connection has an instance of its own: what one does,
// be it a trap, no other one can see.
import { typeError } from '../../errors';
import { checkCount, checkOptions } from '../../reactor/arguments';
import { bytesOf } from '../framing';
import { type Bytes, checkProtocol, type Stage } from '../protocol';
import { EVENT_EXPORTS, type EventExport, STAGE_EXPORTS } from './abi';
import { ProtocolModule } from './module';
import { type Below, type Failed, Speaker } from './speaker';

export interface WasmOptions {
  /** Memory of each connection, in bytes; whole pages of 64 KiB are given. Default 1 MiB. */
  readonly memory?: number;
  /**
   * Hears why the module gave a connection up: it trapped (ERR_CALANDRIA_TRAPPED), there was no
   * memory for it (ERR_CALANDRIA_LIMIT), or it said itself that what came makes no sense
   * (ERR_CALANDRIA_BAD_MESSAGE). Without it a process warning tells of the first two, unless there
   * is a layer above that hears of it as its `error`.
   */
  readonly failed?: Failed;
}

const MEMORY = 1 << 20;
const MEMORY_MOST = 2 ** 30;

export function checkWasmOptions(options: WasmOptions): { memory: number; failed?: Failed } {
  checkOptions('options', options);
  const { memory = MEMORY, failed } = options;
  checkCount('memory', memory);
  if (memory > MEMORY_MOST) throw typeError('memory', `at most ${MEMORY_MOST} bytes`, memory);
  if (failed === undefined) return { memory };
  if (typeof failed !== 'function') throw typeError('failed', 'a function', failed);
  return { memory, failed };
}

/**
 * A protocol or stage of a Wasm module's bytes; `where` is what errors name.
 * @throws ERR_CALANDRIA_BAD_PROTOCOL it is none, and why.
 */
export function wasmProtocol(
  code: Uint8Array,
  where: string,
  options: WasmOptions = {},
): Stage<Uint8Array, Bytes, Uint8Array, Bytes> {
  const { memory, failed } = checkWasmOptions(options);
  const module = new ProtocolModule(code, where, memory);
  const speakerOf = (below: Below): Speaker => {
    if (!(below.data instanceof Speaker)) below.data = new Speaker(module, below, failed);
    return below.data as Speaker;
  };
  const tell = (name: EventExport) => (below: Below) => void speakerOf(below).call(name);
  // What a module does not export goes its default way, as with any protocol.
  const heard = [...EVENT_EXPORTS, ...STAGE_EXPORTS].filter((name) => module.has(name));
  const stage = {
    name: module.name,
    ...Object.fromEntries(heard.map((name) => [name, tell(name)])),
    ...(module.has('end') && { end: (below: Below) => speakerOf(below).end() }),
    data: (below: Below, bytes: Uint8Array) => speakerOf(below).data(bytes),
    ...(module.has('write') && {
      write: (below: Below, message: Bytes) => speakerOf(below).write(bytesOf(message)),
      resume: (below: Below) => speakerOf(below).resume(),
    }),
  };
  return checkProtocol(stage, where) as Stage<Uint8Array, Bytes, Uint8Array, Bytes>;
}
