// llhttp (https://github.com/nodejs/llhttp), the parser of Node itself, in WebAssembly as undici
// builds it (llhttp-module.ts).
//
// Bytes are copied into the parser's own memory piece by piece and the callbacks note places, so
// what is kept of a message is a few integers. A parser is a structure of some 80 bytes over there;
// one piece of memory for input serves all of a thread.
import { instantiateLlhttp, type Llhttp, readLlhttp } from './llhttp-module';
import { type Overflow, type ParserLimits, type RequestParser, SPAN_WORDS } from './parser';

// llhttp.h: llhttp_type and llhttp_errno.
const TYPE_REQUEST = 1;
const OK = 0;
const PAUSED = 21;
const PAUSED_UPGRADE = 22;
const INVALID_VERSION = 9;
const PAUSED_H2_UPGRADE = 23;
/** It has the same number for a version that is known, in a line that does not end behind it. */
const VERSION_LINE = 'Expected CRLF after version';
const USER = 24;
/** Methods have numbers below this. */
const METHODS = 47;

/** Bytes that one call takes; longer input is given in several. */
export const INPUT_SIZE = 64 << 10;

interface Loaded {
  readonly wasm: Llhttp;
  readonly input: number;
  readonly methods: readonly string[];
  bytes: Uint8Array;
}

let loaded: Loaded | undefined;
/** Whose bytes are being read. Callbacks of any other would be a fault of the binding. */
let current: LlhttpParser | undefined;

function running(pointer: number): LlhttpParser {
  if (current?.pointer !== pointer) throw new Error('llhttp called back for another parser');
  return current;
}

function load(): Loaded {
  if (loaded) return loaded;
  const wasm = instantiateLlhttp(readLlhttp(), {
    wasm_on_message_begin: (pointer) => running(pointer).onBegin(),
    wasm_on_url: (pointer, at, length) => running(pointer).onTarget(at, length),
    wasm_on_status: () => OK,
    wasm_on_header_field: (pointer, at, length) => running(pointer).onName(at, length),
    wasm_on_header_value: (pointer, at, length) => running(pointer).onValue(at, length),
    wasm_on_headers_complete: (pointer, _status, upgrade, keepAlive) =>
      running(pointer).onHead(upgrade !== 0, keepAlive !== 0),
    wasm_on_body: (pointer, at, length) => running(pointer).onBody(at, length),
    wasm_on_message_complete: (pointer) => running(pointer).onComplete(),
  });
  const input = wasm.malloc(INPUT_SIZE);
  const bytes = new Uint8Array(wasm.memory.buffer);
  const methods = Array.from({ length: METHODS }, (_, code) =>
    textAt(bytes, wasm.llhttp_method_name(code)),
  );
  loaded = { wasm, input, methods, bytes };
  return loaded;
}

/** A string of C's. */
function textAt(bytes: Uint8Array, address: number): string {
  if (address === 0) return '';
  return Buffer.from(bytes.subarray(address, bytes.indexOf(0, address))).toString('latin1');
}

/** Allocating a parser may let that memory grow, which leaves the old view empty. */
function memory(llhttp: Loaded): Uint8Array {
  if (llhttp.bytes.length === 0) llhttp.bytes = new Uint8Array(llhttp.wasm.memory.buffer);
  return llhttp.bytes;
}

export class LlhttpParser implements RequestParser {
  readonly pointer: number;
  readonly spans: Int32Array;
  readonly bodies: number[] = [];
  targetStart = 0;
  targetEnd = 0;
  headers = 0;
  fields = 0;
  method = '';
  minor = 0;
  begun = false;
  headComplete = false;
  complete = false;
  keepAlive = false;
  upgrade = false;
  overflow: Overflow = '';
  fault = '';
  badVersion = false;
  private readonly llhttp: Loaded;
  private readonly limits: ParserLimits;
  /** What turns an address of the input into a place of the head, and into an index of a body. */
  private toPlace = 0;
  private toIndex = 0;
  private naming = false;
  private targeted = false;

  constructor(limits: ParserLimits) {
    this.limits = limits;
    this.llhttp = load();
    this.pointer = this.llhttp.wasm.llhttp_alloc(TYPE_REQUEST);
    if (this.pointer === 0) throw new Error('llhttp has no memory for another parser');
    this.spans = new Int32Array(limits.headers * SPAN_WORDS);
  }

  reset(): void {
    this.llhttp.wasm.llhttp_reset(this.pointer);
    this.begun = false;
    this.headComplete = false;
    this.complete = false;
    this.upgrade = false;
    this.method = '';
    this.headers = 0;
    this.fields = 0;
    this.targetStart = 0;
    this.targetEnd = 0;
    this.naming = false;
    this.targeted = false;
    this.overflow = '';
    this.fault = '';
    this.badVersion = false;
    this.forgetBodies();
  }

  execute(bytes: Uint8Array, from: number, to: number, origin: number): number {
    this.forgetBodies();
    for (let at = from; at < to; ) {
      const length = Math.min(to - at, INPUT_SIZE);
      const taken = this.step(bytes, at, length, origin + at - from);
      at += taken;
      if (taken < length || this.complete || this.fault !== '') return at;
    }
    return to;
  }

  private step(bytes: Uint8Array, at: number, length: number, origin: number): number {
    const { wasm, input } = this.llhttp;
    const whole = at === 0 && length === bytes.length;
    memory(this.llhttp).set(whole ? bytes : bytes.subarray(at, at + length), input);
    this.toPlace = origin - input;
    this.toIndex = at - input;
    current = this;
    const errno = wasm.llhttp_execute(this.pointer, input, length);
    current = undefined;
    if (errno === OK) return length;
    const taken = wasm.llhttp_get_error_pos(this.pointer) - input;
    if (errno !== PAUSED && errno !== PAUSED_UPGRADE) this.fail(errno);
    return taken;
  }

  private fail(errno: number): void {
    const { wasm } = this.llhttp;
    const bytes = memory(this.llhttp);
    this.badVersion = errno === PAUSED_H2_UPGRADE;
    if (errno === PAUSED_H2_UPGRADE) {
      this.fault = 'HTTP/2 begins here';
      return;
    }
    const reason = textAt(bytes, wasm.llhttp_get_error_reason(this.pointer));
    this.badVersion = errno === INVALID_VERSION && reason !== VERSION_LINE;
    this.fault = reason || textAt(bytes, wasm.llhttp_errno_name(errno)) || `error ${errno}`;
  }

  shift(distance: number, field: number): void {
    if (field === 0 && this.targeted) {
      this.targetStart += distance;
      this.targetEnd += distance;
    }
    const used = this.fields * SPAN_WORDS;
    for (let place = field * SPAN_WORDS; place < used; place++) {
      (this.spans[place] as number) += distance;
    }
  }

  /** To set the length of an array costs as much as a field: only where it changes. */
  private forgetBodies(): void {
    if (this.bodies.length > 0) this.bodies.length = 0;
  }

  /** Gives its memory back; it cannot be used any more. */
  free(): void {
    this.llhttp.wasm.llhttp_free(this.pointer);
  }

  // ── Internal: what llhttp found. 0 goes on, any other number stops it. ──

  onBegin(): number {
    this.begun = true;
    return OK;
  }

  onTarget(at: number, length: number): number {
    if (!this.targeted) this.targetStart = at + this.toPlace;
    this.targeted = true;
    this.targetEnd = at + length + this.toPlace;
    return this.targetEnd - this.targetStart > this.limits.targetBytes ? this.over('target') : OK;
  }

  onName(at: number, length: number): number {
    const place = at + this.toPlace;
    if (this.naming) {
      this.spans[(this.fields - 1) * SPAN_WORDS + 1] = place + length;
      return OK;
    }
    if (this.fields === this.limits.headers) return this.over('headers');
    const span = this.fields++ * SPAN_WORDS;
    this.naming = true;
    this.spans[span] = place;
    this.spans[span + 1] = place + length;
    return OK;
  }

  onValue(at: number, length: number): number {
    const { spans } = this;
    const span = (this.fields - 1) * SPAN_WORDS;
    // Of a value of no bytes llhttp tells behind its line: behind the colon is as good.
    if (this.naming) spans[span + 2] = spans[span + 3] = (spans[span + 1] as number) + 1;
    this.naming = false;
    if (length === 0) return OK;
    const place = at + this.toPlace;
    // Input that ends within a value splits it; its parts are neighbours.
    if (spans[span + 2] === spans[span + 3]) spans[span + 2] = place;
    spans[span + 3] = place + length;
    return OK;
  }

  onHead(upgrade: boolean, keepAlive: boolean): number {
    const { wasm, methods } = this.llhttp;
    this.headers = this.fields;
    this.naming = false;
    this.headComplete = true;
    this.keepAlive = keepAlive;
    this.upgrade = upgrade;
    this.method = methods[wasm.llhttp_get_method(this.pointer)] ?? '';
    const minor = wasm.llhttp_get_http_minor(this.pointer);
    this.minor = wasm.llhttp_get_http_major(this.pointer) === 1 ? minor : -1;
    return OK;
  }

  onBody(at: number, length: number): number {
    const start = at + this.toIndex;
    this.bodies.push(start, start + length);
    return OK;
  }

  onComplete(): number {
    this.naming = false;
    this.complete = true;
    // A message that asks for another protocol stops there by itself.
    return this.upgrade ? OK : PAUSED;
  }

  private over(what: Overflow): number {
    this.overflow = what;
    return USER;
  }
}
