// A Wasm module that is to be a protocol: compiled once, looked at, and instantiated for each
// connection, with a memory of its own that is bounded.
import { badProtocol } from '../protocol';
import {
  ABI_VERSION,
  EVENT_EXPORTS,
  type EventExport,
  IMPORTS,
  type ModuleExports,
  type ModuleImports,
  REQUIRED_EXPORTS,
  ROOM_DATA,
  ROOM_WRITE,
  STAGE_EXPORTS,
} from './abi';

const PAGE = 65_536;

/** Where bytes are put for the module. */
export interface Room {
  readonly address: number;
  readonly size: number;
}

/** An instance, and the memory that is its own. */
export interface Instance {
  readonly exports: ModuleExports;
  readonly bytes: Uint8Array;
  readonly dataRoom: Room;
  /** Of a stage. */
  readonly writeRoom: Room | undefined;
}

export class ProtocolModule {
  /** What errors name: the file. */
  readonly where: string;
  readonly name: string;
  private readonly exported: ReadonlySet<string>;
  private readonly module: WebAssembly.Module;
  private readonly pages: number;

  /** @throws ERR_CALANDRIA_BAD_PROTOCOL what is wrong with it. */
  constructor(code: Uint8Array, where: string, memoryBytes: number) {
    this.where = where;
    this.pages = Math.ceil(memoryBytes / PAGE);
    this.module = this.compile(code);
    this.checkImports();
    this.exported = this.checkExports();
    this.name = this.probe();
  }

  /** Whether it hears of this. */
  has(name: EventExport | 'write'): boolean {
    return this.exported.has(name);
  }

  private compile(code: Uint8Array): WebAssembly.Module {
    // "\0asm": otherwise the compiler's words about it would be a riddle.
    const magic = Buffer.from(code.subarray(0, 4)).toString('latin1');
    if (magic !== '\0asm') throw this.bad('it is no WebAssembly module');
    try {
      return new WebAssembly.Module(code);
    } catch (cause) {
      throw this.bad(`it is no module that can run here: ${(cause as Error).message}`, cause);
    }
  }

  /** Whatever else it imported would be another input. */
  private checkImports(): void {
    let memory = false;
    for (const { module, name, kind } of WebAssembly.Module.imports(this.module)) {
      if (`${module}.${name} ${kind}` === 'env.memory memory') memory = true;
      else if (!isKnownImport(module, name, kind)) {
        throw this.bad(`it imports ${module}.${name} (${kind}), which is not of the interface`);
      }
    }
    if (!memory) throw this.bad('it does not import its memory (env.memory)');
  }

  private checkExports(): Set<string> {
    const kinds = new Map(
      WebAssembly.Module.exports(this.module).map(({ name, kind }) => [name, kind]),
    );
    const optional = [...EVENT_EXPORTS, ...STAGE_EXPORTS, 'write'].filter((name) =>
      kinds.has(name),
    );
    for (const name of [...REQUIRED_EXPORTS, ...optional]) {
      const kind = kinds.get(name);
      if (kind === undefined) throw this.bad(`it does not export ${name}()`);
      if (kind !== 'function') throw this.bad(`its export ${name} is a ${kind} and no function`);
    }
    return new Set(kinds.keys());
  }

  /** Runs it once, without a connection: its version, its name and its room. */
  private probe(): string {
    const refuse = (): never => {
      throw new Error('it was called before there was a connection');
    };
    const imports = Object.fromEntries(IMPORTS.map((name) => [name, refuse]));
    let instance: Instance;
    let name: string;
    try {
      instance = this.instantiate(imports as unknown as ModuleImports);
      name = textAt(instance.bytes, instance.exports.name() >>> 0);
    } catch (cause) {
      if ((cause as { code?: unknown }).code === 'ERR_CALANDRIA_BAD_PROTOCOL') throw cause;
      throw this.bad(`it cannot be started: ${(cause as Error).message}`, cause);
    }
    if (name === '') throw this.bad('its name has to be a text that is not empty');
    this.checkRoom(instance, instance.dataRoom);
    if (instance.writeRoom) this.checkRoom(instance, instance.writeRoom);
    return name;
  }

  private checkRoom({ bytes }: Instance, { address, size }: Room): void {
    if (size > 0 && address + size <= bytes.length) return;
    const place = `${size} bytes at ${address}`;
    throw this.bad(`its room (${place}) does not lie in its memory of ${bytes.length} bytes`);
  }

  /** Throws what the engine throws: no memory, a start function that traps. */
  instantiate(imports: ModuleImports): Instance {
    const memory = new WebAssembly.Memory({ initial: this.pages, maximum: this.pages });
    const bytes = new Uint8Array(memory.buffer);
    const abort = (message: number): void => {
      throw new WebAssembly.RuntimeError(`abort: ${scriptText(bytes, message >>> 0)}`);
    };
    const { exports } = new WebAssembly.Instance(this.module, {
      env: { memory, abort },
      calandria: { ...imports },
    }) as unknown as { exports: ModuleExports };
    const version = exports.calandria_protocol();
    if (version !== ABI_VERSION) {
      throw this.bad(`it speaks version ${version} of the interface, and here is ${ABI_VERSION}`);
    }
    const room = (which: number): Room => ({
      address: exports.room(which) >>> 0,
      size: exports.room_size(which),
    });
    const writeRoom = this.has('write') ? room(ROOM_WRITE) : undefined;
    return { exports, bytes, dataRoom: room(ROOM_DATA), writeRoom };
  }

  bad(what: string, cause?: unknown): Error {
    return badProtocol(this.where, what, cause);
  }
}

function isKnownImport(module: string, name: string, kind: string): boolean {
  if (kind !== 'function') return false;
  if (module === 'env') return name === 'abort';
  return module === 'calandria' && (IMPORTS as readonly string[]).includes(name);
}

/** A text that ends with a 0 byte; empty when it does not lie in memory, or has no end. */
function textAt(bytes: Uint8Array, address: number): string {
  const end = address < bytes.length ? bytes.indexOf(0, address) : -1;
  return end < 0 ? '' : Buffer.from(bytes.subarray(address, end)).toString();
}

/** A string of AssemblyScript: UTF-16, its size in the 4 bytes in front of it. */
function scriptText(bytes: Uint8Array, address: number): string {
  if (address < 4 || address > bytes.length) return 'without a message';
  const size = new DataView(bytes.buffer).getUint32(address - 4, true);
  const text = Buffer.from(bytes.subarray(address, address + Math.min(size, 1024)));
  return text.subarray(0, text.length & ~1).toString('utf16le');
}
