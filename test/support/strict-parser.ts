// Another parser of requests: a state machine that looks at every byte and is strict about each. It
// shows that the engine can do with any, and judges the one that it comes with.
import { METHODS } from 'node:http';
import {
  type Overflow,
  type ParserLimits,
  type RequestParser,
  SPAN_WORDS,
} from '../../src/http/parser';

const CR = 0x0d;
const LF = 0x0a;
const SPACE = 0x20;
const TAB = 0x09;
const COLON = 0x3a;
const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const SEMICOLON = 0x3b;
const EQUALS = 0x3d;

const methods = new Set(METHODS);
const token = new Set(
  Buffer.from("!#$%&'*+-.^_`|~0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"),
);
const VERSION = 'HTTP/1.';
const DIGITS = /^[0-9]+$/;
/** More would not be exact. */
const DIGITS_MAX = 15;

/** Each state is what comes next. */
type State =
  | 'method'
  | 'target'
  | 'version'
  | 'version end'
  | 'version line'
  | 'line'
  | 'name'
  | 'space'
  | 'value'
  | 'value line'
  | 'last line'
  | 'content'
  | 'size'
  | 'extension'
  | 'extension value'
  | 'quoted'
  | 'escaped'
  | 'size line'
  | 'chunk'
  | 'chunk end'
  | 'chunk line'
  | 'done';

export class StrictParser implements RequestParser {
  readonly spans: Int32Array;
  readonly bodies: number[] = [];
  targetStart = 0;
  targetEnd = 0;
  headers = 0;
  fields = 0;
  method = '';
  minor = -1;
  begun = false;
  headComplete = false;
  complete = false;
  keepAlive = false;
  upgrade = false;
  overflow: Overflow = '';
  fault = '';
  badVersion = false;
  private readonly limits: ParserLimits;
  private state: State = 'method';
  /** What came of the part that is being read. */
  private text = '';
  private name = '';
  private left = 0;
  private length: number | undefined;
  private chunked = false;
  private connection = '';
  private upgrades = false;

  constructor(limits: ParserLimits) {
    this.limits = limits;
    this.spans = new Int32Array(limits.headers * SPAN_WORDS);
  }

  reset(): void {
    const fresh = new StrictParser({ ...this.limits, headers: 0 });
    const { spans, limits, bodies, ...rest } = fresh;
    Object.assign(this, rest);
    this.bodies.length = 0;
  }

  free(): void {
    this.state = 'done';
  }

  shift(distance: number, field: number): void {
    if (field === 0) {
      this.targetStart += distance;
      this.targetEnd += distance;
    }
    for (let place = field * SPAN_WORDS; place < this.fields * SPAN_WORDS; place++) {
      (this.spans[place] as number) += distance;
    }
  }

  execute(bytes: Uint8Array, from: number, to: number, origin: number): number {
    this.bodies.length = 0;
    let at = from;
    while (at < to && this.state !== 'done') {
      if (this.state === 'content' || this.state === 'chunk') {
        at = this.takeContent(at, to);
        continue;
      }
      this.begun = true;
      this.takeByte(bytes[at] as number, origin + at - from);
      if (this.fault) return at;
      at++;
    }
    return at;
  }

  private takeContent(at: number, to: number): number {
    const end = Math.min(to, at + this.left);
    this.bodies.push(at, end);
    this.left -= end - at;
    if (this.left === 0) {
      if (this.state === 'chunk') this.state = 'chunk end';
      else this.finish();
    }
    return end;
  }

  private finish(): void {
    this.state = 'done';
    this.complete = true;
  }

  private takeByte(byte: number, place: number): void {
    const character = String.fromCharCode(byte);
    switch (this.state) {
      case 'method':
        if (byte === SPACE) {
          if (!methods.has(this.text)) return this.wrong('unknown method');
          this.method = this.text;
          return this.go('target', place);
        }
        this.text += character;
        if (this.text.length > 32) this.wrong('no method');
        return;
      case 'target':
        return this.takeTarget(byte, place);
      case 'version':
        if (character !== VERSION[this.text.length]) {
          if (/^HTTP\/\d?/.test(this.text + character)) this.badVersion = true;
          return this.wrong('no version');
        }
        this.text += character;
        if (this.text.length === VERSION.length) this.state = 'version end';
        return;
      case 'version end':
        if (character !== '0' && character !== '1') {
          this.badVersion = true;
          return this.wrong('another version');
        }
        this.minor = byte - 0x30;
        return this.expectLine('version line');
      case 'line':
        if (byte === CR) return this.go('last line', place);
        return this.beginName(byte, place);
      case 'name':
        if (byte === COLON) return this.endName(place);
        if (!token.has(byte)) return this.wrong('no name');
        this.text += character;
        return;
      case 'space':
      case 'value':
        return this.takeValue(byte, place);
      case 'version line':
      case 'value line':
      case 'size line':
      case 'chunk line':
      case 'last line':
        return this.takeLineEnd(byte);
      default:
        return this.takeChunking(byte, character);
    }
  }

  /** CR first, then LF: `text` says which of them has come. */
  private expectLine(state: State): void {
    this.state = state;
    this.text = '';
  }

  private takeLineEnd(byte: number): void {
    const { state } = this;
    // In front of these the CR was read already.
    const half = state === 'value line' || state === 'last line' || state === 'size line';
    if (!half && this.text === '') {
      if (byte !== CR) return this.wrong('no CR');
      this.text = '\r';
      return;
    }
    if (byte !== LF) return this.wrong('no LF');
    this.text = '';
    if (state === 'last line') return this.headComplete ? this.finish() : this.endHead();
    if (state === 'chunk line') this.state = 'size';
    else if (state === 'size line') this.beginChunk();
    else this.state = 'line';
  }

  private go(state: State, place: number): void {
    this.state = state;
    this.text = '';
    if (state === 'target') {
      this.targetStart = place + 1;
      this.targetEnd = place + 1;
    }
  }

  private takeTarget(byte: number, place: number): void {
    if (byte === SPACE) {
      if (this.targetEnd === this.targetStart) return this.wrong('no target');
      return this.go('version', place);
    }
    if (byte <= SPACE || byte >= 0x7f) return this.wrong('no character of a target');
    this.targetEnd = place + 1;
    if (this.targetEnd - this.targetStart > this.limits.targetBytes) this.over('target');
  }

  private beginName(byte: number, place: number): void {
    if (!token.has(byte)) return this.wrong('no name');
    if (this.fields === this.limits.headers) return this.over('headers');
    this.spans[this.fields++ * SPAN_WORDS] = place;
    this.state = 'name';
    this.text = String.fromCharCode(byte);
  }

  private endName(place: number): void {
    const span = (this.fields - 1) * SPAN_WORDS;
    this.spans[span + 1] = place;
    this.spans[span + 2] = place + 1;
    this.spans[span + 3] = place + 1;
    this.name = this.text.toLowerCase();
    this.go('space', place);
  }

  private takeValue(byte: number, place: number): void {
    if (byte === CR) {
      this.takeField(this.name, this.text.replace(/[ \t]+$/, ''));
      if (!this.fault) this.go('value line', place);
      return;
    }
    const blank = byte === SPACE || byte === TAB;
    if ((byte < SPACE && !blank) || byte === 0x7f) return this.wrong('no character of a value');
    if (this.state === 'space') {
      if (blank) return;
      this.state = 'value';
      this.spans[(this.fields - 1) * SPAN_WORDS + 2] = place;
    }
    this.text += String.fromCharCode(byte);
    this.spans[(this.fields - 1) * SPAN_WORDS + 3] = place + 1;
  }

  /** What a field says about where the message ends, and what becomes of the connection. */
  private takeField(name: string, value: string): void {
    if (name === 'content-length') {
      if (this.headComplete || this.length !== undefined || this.chunked) {
        return this.wrong('more than one length');
      }
      if (!DIGITS.test(value)) return this.wrong('no length');
      if (value.length > DIGITS_MAX) return this.wrong('no length that is exact');
      this.length = Number(value);
    } else if (name === 'transfer-encoding') {
      if (this.headComplete || this.length !== undefined || this.chunked) {
        return this.wrong('more than one length');
      }
      if (value.toLowerCase() !== 'chunked') return this.wrong('another coding');
      this.chunked = true;
    } else if (name === 'connection') this.connection += `,${value.toLowerCase()}`;
    else if (name === 'upgrade') this.upgrades = true;
  }

  private endHead(): void {
    this.headers = this.fields;
    this.headComplete = true;
    const options = new Set(this.connection.split(',').map((option) => option.trim()));
    this.keepAlive = this.minor === 1 ? !options.has('close') : options.has('keep-alive');
    const tunnel = this.method === 'CONNECT';
    this.upgrade = tunnel || (this.upgrades && options.has('upgrade'));
    if (tunnel) return this.finish();
    if (this.chunked) this.state = 'size';
    else if (this.length) {
      this.left = this.length;
      this.state = 'content';
    } else this.finish();
  }

  // ── Chunks: RFC 9112 section 7.1 ──

  private takeChunking(byte: number, character: string): void {
    switch (this.state) {
      case 'size':
        if (/[0-9a-fA-F]/.test(character)) {
          this.text += character;
          if (this.text.replace(/^0+/, '').length > 12) this.wrong('a chunk too large');
          return;
        }
        if (this.text === '') return this.wrong('no size');
        this.left = Number.parseInt(this.text, 16);
        return this.endOf(byte, SEMICOLON, 'extension', 'no size');
      case 'extension':
        if (token.has(byte)) {
          this.text += character;
          return;
        }
        if (this.text === '') return this.wrong('no extension');
        if (byte === SEMICOLON) return this.again('extension');
        return this.endOf(byte, EQUALS, 'extension value', 'no extension');
      case 'extension value':
        if (token.has(byte)) {
          this.text += character;
          return;
        }
        if (byte === QUOTE && this.text === '') return this.again('quoted');
        return this.endOf(byte, SEMICOLON, 'extension', 'no value of an extension');
      case 'quoted':
        // Behind the quotes follows another extension, or the end of the line.
        if (byte === QUOTE) {
          this.again('extension value');
          this.text = '"';
          return;
        }
        if (byte === BACKSLASH) this.state = 'escaped';
        else if (byte < SPACE && byte !== TAB) this.wrong('no quoted text');
        return;
      case 'escaped':
        this.state = 'quoted';
        return;
      default:
        if (byte !== CR) return this.wrong('no end of a chunk');
        this.expectLine('chunk line');
        this.text = '\r';
    }
  }

  private again(state: State): void {
    this.state = state;
    this.text = '';
  }

  private endOf(byte: number, separator: number, state: State, wrong: string): void {
    if (byte === CR) this.again('size line');
    else if (byte === separator) this.again(state);
    else this.wrong(wrong);
  }

  private beginChunk(): void {
    this.state = this.left === 0 ? 'line' : 'chunk';
  }

  private wrong(what: string): void {
    this.fault = what;
  }

  private over(what: Overflow): void {
    this.overflow = what;
    this.fault = `more ${what} than may be`;
  }
}
