// A Response that keeps what it was given, for whoever answers with it: Node's own makes a stream
// of every body, which costs more than all the rest of a request. It passes for one of Node's, and
// what is asked of it beyond status and headers one of Node's does, which is made then.
import { type HeaderBlock, headerBlock } from '../header-text';
import { delegate, type StandIn } from './delegate';

/** Node's own, whatever the global is later. */
export const NodeResponse = globalThis.Response;

type Body = ConstructorParameters<typeof NodeResponse>[0];

const TEXT = 'text/plain;charset=UTF-8';
const JSON_TYPE = 'application/json';
/** Statuses with which a Response has no body (https://fetch.spec.whatwg.org/#null-body-status). */
const NULL_BODY = new Set([101, 204, 205, 304]);

/** Bytes up to this are copied, as Node copies all of them. */
const COPIED_MAX = 64 << 10;
/** What a reason phrase may be (RFC 9112 section 4). */
const REASON = /^[\t\x20-\x7e\x80-\xff]*$/;

/** An answer that needs no stream. */
export interface PlainAnswer {
  readonly status: number;
  readonly headers: HeaderBlock;
  readonly body: string | Uint8Array;
}

/** Blocks of answers that say nothing but what they are. */
const typed = new Map<string | undefined, HeaderBlock>(
  [undefined, TEXT, JSON_TYPE].map((type) => [
    type,
    headerBlock(type === undefined ? {} : { 'content-type': type }),
  ]),
);

export class LazyResponse implements StandIn {
  readonly status: number;
  readonly statusText: string;
  // Names of Node's class are not to be hidden: whatever is our own is out of sight.
  readonly #body: Body;
  readonly #given: Headers | undefined;
  /** What the body is, unless the headers say it; of the rarer kinds Node knows. */
  #type: string | undefined;
  #headers: Headers | undefined;
  #made: Response | undefined;

  constructor(body?: Body, init?: ResponseInit) {
    this.#body = kept(body ?? null);
    this.#type = typeof body === 'string' ? TEXT : undefined;
    // Checked and copied now: a mistake shows where it was made, and what changes later does not.
    this.#given = init?.headers === undefined ? undefined : new Headers(init.headers);
    this.status = Number(init?.status ?? 200);
    this.statusText = String(init?.statusText ?? '');
    if (!REASON.test(this.statusText)) {
      throw new TypeError(`init.statusText cannot be ${JSON.stringify(this.statusText)}.`);
    }
    if (this.status === 200) return;
    // What cannot be is refused here, as Node's own does: a mistake shows where it was made.
    if (!Number.isInteger(this.status) || this.status < 200 || this.status > 599) {
      throw new RangeError(
        `init.status must be a whole number from 200 to 599, not ${this.status}.`,
      );
    }
    if (this.#body !== null && NULL_BODY.has(this.status)) {
      throw new TypeError(`A response with status ${this.status} has no body.`);
    }
  }

  static error(): Response {
    return NodeResponse.error();
  }

  static json(data: unknown, init?: ResponseInit): Response {
    const text = JSON.stringify(data);
    if (text === undefined) throw new TypeError('The value cannot be written as JSON.');
    const response = new LazyResponse(text, init);
    response.#type = JSON_TYPE;
    return response as unknown as Response;
  }

  static redirect(...given: Parameters<typeof NodeResponse.redirect>): Response {
    return NodeResponse.redirect(...given);
  }

  /** With this class as the global one, Node's own are responses too. */
  static [Symbol.hasInstance](value: unknown): boolean {
    return value instanceof NodeResponse;
  }

  /** What can be sent as it is; undefined when a stream has to be read. */
  static plain(value: object): PlainAnswer | undefined {
    if (!(#body in value) || value.#made) return undefined;
    const body = value.#body;
    const simple = typeof body === 'string' || body === null || body instanceof Uint8Array;
    if (!simple) return undefined;
    return { status: value.status, headers: value.#block(), body: body ?? '' };
  }

  get ok(): boolean {
    return this.status < 300;
  }

  get headers(): Headers {
    if (this.#made) return this.#made.headers;
    if (this.#headers) return this.#headers;
    const body = this.#body;
    if (typeof body !== 'string' && body !== null) return this.real.headers;
    this.#headers = this.#given ?? new Headers();
    if (this.#type && !this.#headers.has('content-type')) {
      this.#headers.set('content-type', this.#type);
    }
    return this.#headers;
  }

  /** One of Node's that says the same. */
  get real(): Response {
    if (this.#made) return this.#made;
    const { status, statusText } = this;
    const headers = this.#headers ?? this.#given;
    this.#made = new NodeResponse(this.#body, { status, statusText, headers });
    if (this.#type === JSON_TYPE && !new Headers(headers).has('content-type')) {
      this.#made.headers.set('content-type', JSON_TYPE);
    }
    return this.#made;
  }

  #block(): HeaderBlock {
    if (this.#headers) return headerBlock(this.#headers);
    if (this.#given === undefined) return typed.get(this.#type) as HeaderBlock;
    const headers = this.#given;
    if (this.#type && !headers.has('content-type')) headers.set('content-type', this.#type);
    return headerBlock(headers);
  }
}

function kept(body: Body): Body {
  const short = body instanceof Uint8Array && body.length <= COPIED_MAX;
  return short ? (Uint8Array.prototype.slice.call(body) as Body) : body;
}

delegate(LazyResponse, NodeResponse, new NodeResponse());

/** The class as its users see it: what can be done with Node's Response can be done with it. */
export const Response = LazyResponse as unknown as typeof globalThis.Response;
