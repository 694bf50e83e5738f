// Answers an exchange with a Response: in one go when it can be sent as it is, else from its
// stream, no faster than the client takes it.
import { typeError } from '../../errors';
import type { Exchange } from '../exchange';
import { LazyResponse, NodeResponse } from './lazy-response';

/** A promise only where there is something to wait for. It rejects when the body fails. */
export function respond(exchange: Exchange, response: unknown): void | Promise<void> {
  if (!(response instanceof NodeResponse)) {
    throw typeError('what fetch() answers', 'a Response', response);
  }
  const plain = LazyResponse.plain(response);
  if (plain) return exchange.answer(plain.status, plain.headers, plain.body);
  const { status, headers, body } = response;
  if (response.bodyUsed) throw new TypeError('The body of the Response was read already.');
  if (body === null) return exchange.answer(status, headers);
  exchange.begin(status, headers);
  return send(exchange, body);
}

async function send(exchange: Exchange, body: ReadableStream<Uint8Array>): Promise<void> {
  const reader = body.getReader();
  const stop = (): void => void reader.cancel(exchange.signal.reason).catch(() => {});
  exchange.signal.addEventListener('abort', stop, { once: true });
  try {
    // Of an answer to HEAD nothing is read.
    if (exchange.method === 'HEAD') await reader.cancel();
    else await copy(reader, exchange);
    exchange.end();
  } catch (error) {
    if (exchange.aborted) return;
    stop();
    throw error;
  } finally {
    exchange.signal.removeEventListener('abort', stop);
  }
}

async function copy(
  reader: ReadableStreamDefaultReader<Uint8Array>,
  exchange: Exchange,
): Promise<void> {
  for (;;) {
    const { done, value } = await reader.read();
    if (done || exchange.aborted) return;
    if (!(value instanceof Uint8Array))
      throw typeError('a chunk of the body', 'a Uint8Array', value);
    if (!exchange.write(value)) await exchange.drained();
  }
}
