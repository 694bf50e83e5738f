// The classes of this package in place of Node's globals, for programs (and frameworks) that write
// `new Response(…)` and cannot be told of another. Only when it is asked for by name.
import { LazyRequest, NodeRequest } from './lazy-request';
import { Response } from './lazy-response';

const nodeFetch = globalThis.fetch;

function realOf<Value>(value: Value): Value | Request {
  return value instanceof LazyRequest ? value.real : value;
}

/** As Node's, and takes the requests of a server for what they are. */
class Request extends NodeRequest {
  constructor(input: string | URL | globalThis.Request, init?: RequestInit) {
    super(realOf(input), init);
  }

  static override [Symbol.hasInstance](value: unknown): boolean {
    return value instanceof NodeRequest;
  }
}

function fetch(
  input: string | URL | globalThis.Request,
  init?: RequestInit,
): Promise<globalThis.Response> {
  return nodeFetch(realOf(input), init);
}

/** Replaces the globals Response, Request and fetch of this thread; again: does nothing. */
export function replaceGlobals(): void {
  for (const [name, value] of Object.entries({ Response, Request, fetch })) {
    Object.defineProperty(globalThis, name, { value, configurable: true, writable: true });
  }
}
