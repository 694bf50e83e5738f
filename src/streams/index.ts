// calandria/streams: connections as streams of Node.
import { typeError } from '../errors';
import type { Lower, Protocol, Result } from '../protocols/protocol';
import { checkFlag, checkOptions, checkWhole } from '../reactor/arguments';
import type { Connection } from '../reactor/connection';
import { Reactor } from '../reactor/reactor';
import type { ConnectOptions } from '../reactor/socket-options';
import { ConnectionStream, type StreamOptions } from './connection-stream';

export { ConnectionStream, type StreamOptions };

const WATER_MAX = 2 ** 30;

function checkStreamOptions(options: StreamOptions): void {
  checkOptions('options', options);
  const { allowHalfOpen, highWaterMark } = options;
  if (allowHalfOpen !== undefined) checkFlag('allowHalfOpen', allowHalfOpen);
  if (highWaterMark !== undefined) checkWhole('highWaterMark', highWaterMark, WATER_MAX);
}

/**
 * A protocol whose connections are streams: for reactor.listen(), serveProtocol(), or as the last
 * layer of a pipeline. `onStream` gets each when it is open.
 */
export function streamProtocol(
  reactor: Reactor,
  onStream: (stream: ConnectionStream) => Result,
  options: StreamOptions = {},
): Protocol<Lower, Uint8Array | string> {
  if (!(reactor instanceof Reactor)) throw typeError('reactor', 'a Reactor', reactor);
  if (typeof onStream !== 'function') throw typeError('onStream', 'a function', onStream);
  checkStreamOptions(options);
  // Who failed before it was open has no stream, unless it was dialled as one.
  const streamOf = ({ data }: Lower): ConnectionStream | undefined =>
    data instanceof ConnectionStream ? data : undefined;
  return {
    name: 'stream',
    open(lower) {
      const stream = streamOf(lower) ?? new ConnectionStream(reactor, lower, options);
      lower.data = stream;
      const result = onStream(stream);
      stream.opened();
      return result;
    },
    data: (lower, bytes) => streamOf(lower)?.arrived(bytes),
    drain: (lower) => streamOf(lower)?.drained(),
    end: (lower) => streamOf(lower)?.ended(),
    error: (lower, error) => streamOf(lower)?.failed(error),
    close: (lower) => streamOf(lower)?.gone(),
  };
}

/**
 * Connects: a stream that may be written to at once, and says `connect` when it is open, as a
 * net.Socket does. What fails is its `error`.
 */
export function dialStream(
  reactor: Reactor,
  where: ConnectOptions,
  options: StreamOptions = {},
): ConnectionStream {
  const protocol = streamProtocol(reactor, () => {}, options);
  const connection: Connection = reactor.connect(where, protocol);
  const stream = new ConnectionStream(reactor, connection, options);
  connection.data = stream;
  return stream;
}
