// Opening: what every way to open a source has in common. A record is asked for, and either there
// is an object that stands for it, or an error says why there is none.
import * as layout from '../../assembly/layout';
import type { Limits } from '../core/limits';
import { CalandriaError } from '../errors';
import type { Calls } from './calls';
import type { Connection } from './connection';
import type { Deliverer } from './deliverer';
import { type Handlers, wantsOf } from './handlers';
import type { Operations } from './operations';
import type { Source, SourceOrigin } from './source';

/** What OPEN is asked for; what the words mean is the kind's affair (assembly/layout.ts). */
export interface Wanted {
  /** KIND_ */
  readonly kind: number;
  /** What errors name. */
  readonly subject: string;
  readonly name?: string;
  readonly argument?: number;
  readonly value?: number;
  /** WANTS_ bits. */
  readonly wants?: number;
}

export class Opening {
  readonly calls: Calls;
  readonly deliverer: Deliverer;
  readonly operations: Operations;
  private readonly limits: Limits;

  constructor(calls: Calls, deliverer: Deliverer, operations: Operations) {
    this.calls = calls;
    this.deliverer = deliverer;
    this.operations = operations;
    this.limits = calls.memory.limits;
  }

  /** A source that hears of itself. `make` is called once the record is there. */
  source<Made extends Source>(wanted: Wanted, make: (origin: SourceOrigin) => Made): Made {
    const { kind, subject, name = '', argument = 0, value = 0, wants = 0 } = wanted;
    this.refuseWhenClosed();
    const record = this.calls.open(kind, name, argument, value, wants);
    if (record < 0) throw this.error(record);
    return this.made(record, subject, make);
  }

  /** A stream of bytes; `doing` is what an error before it was open came from. */
  connection(wanted: Wanted, handlers: Handlers, doing: string): Connection {
    const { kind, subject, name = '', argument = 0, value = 0 } = wanted;
    this.refuseWhenClosed();
    const table = this.deliverer.handlers;
    const set = table.add(handlers, subject, doing);
    const record = this.calls.open(kind, name, argument, value, wantsOf(handlers), set);
    if (record >= 0) return this.deliverer.addConnection(record, this.calls.core.opened);
    table.release(set);
    throw this.error(record);
  }

  /** The object for a record that was just opened. */
  made<Made extends Source>(
    record: number,
    subject: string,
    make: (origin: SourceOrigin) => Made,
    opened = this.calls.core.opened,
  ): Made {
    const generation = opened ?? this.deliverer.generationOf(record);
    const source = make({ calls: this.calls, record, generation, subject });
    this.deliverer.addSource(source);
    return source;
  }

  refuseWhenClosed(): void {
    if (!this.calls.closed) return;
    throw new CalandriaError('ERR_CALANDRIA_CLOSED', 'The reactor is closed.');
  }

  /** Why the core made no record. */
  error(result: number): CalandriaError {
    if (result === layout.CALL_DRAINING) {
      return new CalandriaError('ERR_CALANDRIA_CLOSED', 'The reactor is closing.');
    }
    const reason =
      result === layout.CALL_NO_RECORD
        ? `All ${this.limits.connections} connections are in use (limits.connections).`
        : 'Unsent bytes fill the write arena (limits.writeSegments), and the name finds no room.';
    return new CalandriaError('ERR_CALANDRIA_LIMIT', reason);
  }
}
