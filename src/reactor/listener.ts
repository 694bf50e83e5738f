// A listener: a name for a listening record.
import { CalandriaError } from '../errors';
import type { Address } from './address';
import type { Calls } from './calls';
import type { Connection } from './connection';
import { Iteration } from './iteration';
import { ReceiveSide, sideOf } from './sides';
import type { Trigger } from './triggers';

export class Listener {
  data: unknown = undefined;
  readonly record: number;
  readonly generation: number;
  private readonly calls: Calls;
  private receiveSide: ReceiveSide | undefined;
  private finished = false;
  private bound: Address | undefined;
  /** One more than its number; 0: the host has none. */
  private descriptor = 0;
  private failure: Error | undefined;
  private iteration: Iteration<Connection> | undefined;
  private waiting: { resolve(address: Address): void; reject(error: Error): void }[] = [];

  constructor(calls: Calls, record: number, generation: number) {
    this.calls = calls;
    this.record = record;
    this.generation = generation;
  }

  /** `available` is the backlog: connections that wait to be accepted. */
  get rx(): ReceiveSide {
    this.receiveSide ??= sideOf(ReceiveSide, this.calls.memory, this);
    return this.receiveSide;
  }

  /** Connections that wait in the kernel; -1 where it keeps no count (Unix sockets). */
  get backlog(): number {
    return this.rx.available;
  }

  /** Where it listens, once it does. */
  get address(): Address | undefined {
    return this.bound;
  }

  /**
   * The number of its descriptor, once it listens, for others to share (`listen({ fd, shared })`);
   * undefined on hosts that have none.
   */
  get fd(): number | undefined {
    return this.descriptor > 0 && !this.finished ? this.descriptor - 1 : undefined;
  }

  get closed(): boolean {
    return this.finished;
  }

  /** Resolves with the address once it listens; rejects when it cannot. */
  ready(): Promise<Address> {
    if (this.bound) return Promise.resolve(this.bound);
    if (this.failure) return Promise.reject(this.failure);
    return new Promise((resolve, reject) => this.waiting.push({ resolve, reject }));
  }

  /**
   * How many connections to accept from now on: Infinity (the start), or a number; 0 leaves them
   * waiting.
   */
  accept(connections: number): void {
    this.calls.appetite(this, connections);
  }

  /**
   * Who is accepted from now on: ask for it before anybody can have come. Without a `data` handler
   * their bytes stay in the kernel until somebody reads. Leaving the loop closes the listener.
   */
  [Symbol.asyncIterator](): AsyncIterableIterator<Connection, undefined> {
    this.iteration ??= new Iteration<Connection>({
      pause: () => this.accept(0),
      resume: () => this.accept(Number.POSITIVE_INFINITY),
      stop: () => this.close(),
    });
    if (this.finished) this.iteration.end();
    return this.iteration;
  }

  /** Asks the kernel for the backlog; `backlog` has it in the next turn. */
  sample(): void {
    this.calls.act('sample', this);
  }

  /**
   * How `listenerChange` is repeated from now on, and `change` of what is accepted from now on. A
   * one-shot or dispatch trigger is armed again by it.
   */
  setTrigger(trigger: Trigger): void {
    this.calls.setTrigger(this, trigger);
  }

  /** With the trigger 'dispatch': `listenerChange` may tell again; if somebody waits, at once. */
  enable(): void {
    this.calls.act('enable', this);
  }

  /** Stops listening. Connections that were accepted live on. */
  close(): void {
    this.calls.act('close', this);
  }

  unref(): this {
    if (!this.finished) this.calls.reference(this, false);
    return this;
  }

  ref(): this {
    if (!this.finished) this.calls.reference(this, true);
    return this;
  }

  /** Internal; `descriptor` as LISTEN answers it. */
  listening(address: Address, descriptor: number): void {
    this.bound = address;
    this.descriptor = descriptor;
    for (const { resolve } of this.waiting.splice(0)) resolve(address);
  }

  /** Internal: does a loop take who is accepted? */
  get iterated(): boolean {
    return this.iteration !== undefined;
  }

  /** Internal. */
  accepted(connection: Connection, heard: boolean): void {
    if (!heard) connection.read(0);
    this.iteration?.push(connection);
  }

  /** Internal: true when somebody was waiting to hear of it. */
  failed(error: Error): boolean {
    this.failure ??= error;
    const waiting = this.waiting.splice(0);
    for (const { reject } of waiting) reject(error);
    return waiting.length > 0;
  }

  /** Internal: the record is about to be freed. */
  finish(): void {
    this.finished = true;
    // Closed before it listened: who waits to hear of it must hear of that.
    if (!this.bound) {
      this.failed(new CalandriaError('ERR_CALANDRIA_CLOSED', 'The listener was closed.'));
    }
    this.receiveSide?.freeze();
    this.iteration?.end(this.failure && !this.bound ? { error: this.failure } : undefined);
  }
}
