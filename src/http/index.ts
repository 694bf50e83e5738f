// calandria/http: servers of HTTP/1.1. Nothing of it is loaded by `calandria` itself.
export {
  AccessLog,
  type AccessLogCloseOptions,
  type AccessLogOptions,
  type LogFormat,
} from './access-log';
export {
  type AsgiApplication,
  type AsgiServed,
  asgi,
  type HttpScope,
  type LifespanScope,
  type ReceivedEvent,
  type SentEvent,
} from './asgi';
export { Exchange } from './exchange';
export { replaceGlobals } from './fetch/globals';
export { Response } from './fetch/lazy-response';
export {
  type FetchContext,
  type FetchHandler,
  type FetchServer,
  type Lifespan,
  type ServeOptions,
  serve,
} from './fetch/serve';
export {
  type FileCacheFigures,
  type FileCacheOptions,
  type FileHandler,
  type FilesOptions,
  files,
} from './files';
export { HeaderBlock, type HeaderInput, headerBlock } from './header-text';
export {
  type ExchangeHandler,
  type HttpCloseOptions,
  HttpProtocol,
  type HttpProtocolOptions,
  httpProtocol,
} from './http-protocol';
export { HttpServer, type HttpServerOptions } from './http-server';
export type { HttpLimits } from './options';
export type { Refusal } from './refusal';
export type { RequestBody } from './request-body';
export type { Tunnel } from './tunnel';
