// The protocols' entry, `calandria/protocols`: the library itself does I/O and knows none of them.
export { type FramingRules, framing } from './framing';
export { type LineEncoding, type LineOptions, line } from './line';
export type { Link } from './link';
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
export { dialProtocol, type ListenerHandlers, ProtocolServer, serveProtocol } from './serve';
