// A signal watch: a name for a record that hears of one signal of this process. Standard signals
// are not queued (signal(7)): what came while nobody looked is one record, with a count of those
// that the process did see.
import * as layout from '../../assembly/layout';
import { checkFunctions } from './arguments';
import type { Opening } from './opening';
import { checkWatchable, signalName, signalNumber } from './signal-names';
import {
  handlerNames,
  type Result,
  Source,
  type SourceHandlers,
  type SourceOrigin,
  wantsOfSource,
} from './source';

export interface SignalEvent {
  readonly signal: string;
  /** How many were seen since the last event; the kernel may have merged more into them. */
  readonly count: number;
  /** Several came as one. */
  readonly coalesced: boolean;
  /** Process that sent the first of them, where the host knows. */
  readonly sender?: number;
}

export interface SignalHandlers extends SourceHandlers<SignalWatch> {
  signal?(watch: SignalWatch, event: SignalEvent): Result;
}

export class SignalWatch extends Source<SignalEvent> {
  readonly signal: string;
  protected readonly doing = 'signal';
  protected readonly handlers: SignalHandlers;

  /** Watches come from reactor.watchSignal(). */
  constructor(origin: SourceOrigin, handlers: SignalHandlers) {
    super(origin);
    this.signal = origin.subject;
    this.handlers = handlers;
  }

  /** Internal. */
  arrived(batch: Uint8Array): Result {
    const view = new DataView(batch.buffer, batch.byteOffset, batch.byteLength);
    const count = view.getUint32(4, true);
    const sender = view.getUint32(8, true);
    const event: SignalEvent = {
      signal: signalName(view.getUint32(0, true)),
      count,
      coalesced: count > 1,
      ...(sender === 0 ? {} : { sender }),
    };
    this.tell(event);
    return this.handlers.signal?.(this, event);
  }
}

/** Each RECEIVE brings one record: there is one signal, and one count. */
export function watchSignal(
  opening: Opening,
  signal: string | number,
  handlers: SignalHandlers,
): SignalWatch {
  const number = signalNumber(signal);
  checkWatchable(number);
  checkFunctions('handlers', handlers, handlerNames('signal'));
  const subject = signalName(number);
  return opening.source(
    {
      kind: layout.KIND_SIGNAL,
      subject,
      name: subject,
      argument: number,
      wants: wantsOfSource(handlers),
    },
    (origin) => new SignalWatch(origin, handlers),
  );
}
