// A pipeline: stages and a protocol on top of them, which together are a protocol. Bytes go in at
// the bottom; each stage makes of what it gets what the layer above understands, and back.
import { Chain } from './chain';
import type { Link } from './link';
import {
  type Bytes,
  checkProtocol,
  type Layer,
  type Lower,
  type Protocol,
  type Stage,
} from './protocol';

/** Pipelines nest: a pipeline of more layers than these has another one on top. */
export function pipeline<Message, Reply, In = Uint8Array, Out = Bytes>(
  stage: Stage<In, Out, Message, Reply>,
  protocol: Protocol<Link<Reply>, Message>,
): Protocol<Lower<Out>, In>;
export function pipeline<Message1, Reply1, Message, Reply, In = Uint8Array, Out = Bytes>(
  lower: Stage<In, Out, Message1, Reply1>,
  upper: Stage<Message1, Reply1, Message, Reply>,
  protocol: Protocol<Link<Reply>, Message>,
): Protocol<Lower<Out>, In>;
export function pipeline<M1, R1, M2, R2, Message, Reply, In = Uint8Array, Out = Bytes>(
  lowest: Stage<In, Out, M1, R1>,
  lower: Stage<M1, R1, M2, R2>,
  upper: Stage<M2, R2, Message, Reply>,
  protocol: Protocol<Link<Reply>, Message>,
): Protocol<Lower<Out>, In>;
/** @throws ERR_CALANDRIA_BAD_PROTOCOL one of them is none, or there is none. */
export function pipeline(...given: unknown[]): Protocol<Lower, never> {
  const layers = given.map((layer, place) =>
    checkProtocol(layer, `layer ${place} of the pipeline`),
  ) as Layer[];
  // Without a layer there is nobody to speak to: the first one that is missing is named.
  if (layers.length === 0) checkProtocol(undefined, 'layer 0 of the pipeline');
  // A dialled connection may fail before it is open: whoever comes first makes the chain.
  const chainOf = (lower: Lower): Chain => {
    if (!(lower.data instanceof Chain)) lower.data = new Chain(lower, layers);
    return lower.data as Chain;
  };
  return {
    name: layers.map(({ name }) => name).join(' | '),
    open: (lower) => chainOf(lower).opened(),
    data: (lower, message) => chainOf(lower).arrived(message),
    drain: (lower) => chainOf(lower).drained(),
    end: (lower) => chainOf(lower).ended(),
    error: (lower, error) => chainOf(lower).failed(error),
    close: (lower) => chainOf(lower).closed(),
  };
}
