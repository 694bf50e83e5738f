// The Request of a fetch-style handler. It stands on the exchange and makes what it is asked for: a
// handler that looks at the method and the URL pays for no more. Whatever else a Request can do is
// done by one of Node's, which is made then.
import type { Exchange } from '../exchange';
import type { RequestBody } from '../request-body';
import { bodyStream } from './body-stream';
import { delegate, type StandIn } from './delegate';

/** Node's own, whatever the global is later. */
export const NodeRequest = globalThis.Request;

const BODILESS = new Set(['GET', 'HEAD']);
/** A Request cannot have these (https://fetch.spec.whatwg.org/#forbidden-method). */
export const FORBIDDEN_METHODS = new Set(['CONNECT', 'TRACE', 'TRACK']);

export class LazyRequest implements StandIn {
  // Names of Node's class are not to be hidden: whatever is our own is out of sight.
  readonly #exchange: Exchange;
  readonly #address: string;
  #fields: Headers | undefined;
  #made: Request | undefined;
  #taken = false;

  constructor(exchange: Exchange, url: string) {
    this.#exchange = exchange;
    this.#address = url;
  }

  get method(): string {
    return this.#exchange.method;
  }

  get url(): string {
    return this.#address;
  }

  get headers(): Headers {
    if (this.#made) return this.#made.headers;
    if (!this.#fields) {
      this.#fields = new Headers();
      for (const [name, value] of this.#exchange.headers()) this.#fields.append(name, value);
    }
    return this.#fields;
  }

  get signal(): AbortSignal {
    return this.#exchange.signal;
  }

  /** Who answers with this stream reads it behind the head of the answer: too late to ask then. */
  get body(): ReadableStream<Uint8Array> | null {
    const { body } = this.real;
    if (body) this.#exchange.body.ask();
    return body as ReadableStream<Uint8Array> | null;
  }

  get bodyUsed(): boolean {
    return this.#taken || this.#made?.bodyUsed === true;
  }

  arrayBuffer(): Promise<ArrayBuffer> {
    return this.#made
      ? this.#made.arrayBuffer()
      : this.#take(async (body) => exact(await body.bytes()));
  }

  bytes(): Promise<Uint8Array> {
    return this.#made ? this.arrayBuffer().then(bytesOf) : this.#take((body) => body.bytes());
  }

  text(): Promise<string> {
    return this.#made ? this.#made.text() : this.#take((body) => body.text());
  }

  json(): Promise<unknown> {
    return this.#made ? this.#made.json() : this.#take((body) => body.json());
  }

  async blob(): Promise<Blob> {
    return this.#unread().blob();
  }

  async formData(): Promise<FormData> {
    return this.#unread().formData();
  }

  clone(): Request {
    return this.#unread().clone();
  }

  /** One of Node's that says the same. */
  get real(): Request {
    if (this.#made) return this.#made;
    const exchange = this.#exchange;
    const bodiless = BODILESS.has(exchange.method);
    const init: RequestInit & { duplex: 'half' } = {
      method: exchange.method,
      headers: this.headers,
      body: bodiless ? null : bodyStream(exchange.body),
      signal: exchange.signal,
      duplex: 'half',
    };
    this.#made = new NodeRequest(this.#address, init);
    // Of a stream that was cancelled Node says what it says of one that was read.
    if (this.#taken) void this.#made.body?.cancel();
    return this.#made;
  }

  /** Reads the body without a stream; once. */
  async #take<Value>(read: (body: RequestBody) => Promise<Value>): Promise<Value> {
    this.#unusable();
    const { body } = this.#exchange;
    // A request without a body may be asked for it again.
    this.#taken = !body.complete || body.received > 0;
    return read(body);
  }

  #unread(): Request {
    this.#unusable();
    return this.real;
  }

  #unusable(): void {
    if (this.#taken) throw new TypeError('Body is unusable: it was read already.');
  }
}

delegate(LazyRequest, NodeRequest, new NodeRequest('http://localhost'));

function bytesOf(buffer: ArrayBuffer): Uint8Array {
  return new Uint8Array(buffer);
}

/** A buffer with these bytes and no others. */
function exact(bytes: Uint8Array): ArrayBuffer {
  const { buffer, byteOffset, length } = bytes;
  if (byteOffset === 0 && buffer.byteLength === length) return buffer as ArrayBuffer;
  return buffer.slice(byteOffset, byteOffset + length) as ArrayBuffer;
}
