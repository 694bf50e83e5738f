// The protocols' entry, `calandria/protocols`: the library itself does I/O and knows none of them.
export { type FramingRules, framing } from './framing';
export { type LengthBytes, type LengthPrefixedOptions, lengthPrefixed } from './length-prefixed';
export { type LineEncoding, type LineOptions, line } from './line';
export type { Link } from './link';
export { type LoadOptions, loadProtocol } from './load';
export { pipeline } from './pipeline';
export {
  type Bytes,
  badMessage,
  checkProtocol,
  type Layer,
  type Lower,
  type Protocol,
  type Stage,
} from './protocol';
export { type Answer, type ReplyOptions, reply } from './request-reply/reply';
export { Requester, type RequesterOptions } from './request-reply/request';
export { dialProtocol, type ListenerHandlers, ProtocolServer, serveProtocol } from './serve';
export { type WasmOptions, wasmProtocol } from './wasm/protocol';
