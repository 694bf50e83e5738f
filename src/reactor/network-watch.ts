// A network watch: a name for a record that hears of links and addresses of this machine (of its
// network namespace).
import * as layout from '../../assembly/layout';
import { typeError } from '../errors';
import { checkFunctions, checkOptions } from './arguments';
import { both } from './batch';
import {
  type AddressChange,
  type LinkChange,
  type NetworkEvent,
  readNetwork,
} from './network-messages';
import type { Opening } from './opening';
import {
  handlerNames,
  type Result,
  Source,
  type SourceHandlers,
  type SourceOrigin,
  wantsOfSource,
} from './source';

export interface NetworkHandlers extends SourceHandlers<NetworkWatch> {
  /** A link came, changed or went. */
  link?(watch: NetworkWatch, link: LinkChange): Result;
  address?(watch: NetworkWatch, address: AddressChange): Result;
  /** Changes were lost: look for yourself. */
  overrun?(watch: NetworkWatch): Result;
}

export interface NetworkOptions {
  /** Bytes of changes that may wait in the kernel (SO_RCVBUF). Default 0: the system's own. */
  readonly receiveBuffer?: number;
}

const RECEIVE_BUFFER_MAX = 2 ** 30;

export class NetworkWatch extends Source<NetworkEvent> {
  protected readonly doing = 'read';
  protected readonly handlers: NetworkHandlers;

  /** Watches come from reactor.watchNetwork(). */
  constructor(origin: SourceOrigin, handlers: NetworkHandlers) {
    super(origin);
    this.handlers = handlers;
  }

  /** Internal. */
  arrived(batch: Uint8Array): Result {
    let result = undefined as Result;
    for (const event of readNetwork(batch)) {
      if (!this.listening) return result;
      this.tell(event);
      result = both(result, this.hear(event));
    }
    return result;
  }

  private hear(event: NetworkEvent): Result {
    const { handlers } = this;
    if (event.kind === 'overrun') return handlers.overrun?.(this);
    const { kind, ...change } = event;
    if (kind === 'link') return handlers.link?.(this, change as LinkChange);
    return handlers.address?.(this, change as AddressChange);
  }
}

export function watchNetwork(
  opening: Opening,
  handlers: NetworkHandlers,
  options: NetworkOptions = {},
): NetworkWatch {
  checkFunctions('handlers', handlers, handlerNames('link', 'address', 'overrun'));
  checkOptions('options', options);
  const { receiveBuffer: value = 0 } = options;
  if (!Number.isInteger(value) || value < 0 || value > RECEIVE_BUFFER_MAX) {
    throw typeError('receiveBuffer', `a whole number from 0 to ${RECEIVE_BUFFER_MAX}`, value);
  }
  return opening.source(
    { kind: layout.KIND_NETWORK, subject: 'the network', value, wants: wantsOfSource(handlers) },
    (origin) => new NetworkWatch(origin, handlers),
  );
}
