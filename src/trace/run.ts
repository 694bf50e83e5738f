// What a program did in a replay, gathered for whoever wants to assert on it: per connection the
// bytes of both directions and what was heard of it, and all calls in words.
import * as layout from '../../assembly/layout';
import { errorName } from '../errors';
import { type Call, callName, describeCall } from './calls';
import { type DeliveryName, deliveryName } from './delivery-names';
import type { ReplayObserver } from './program-replay';
import type { TurnBlock } from './trace';

/** The handler of a connection that heard it. */
export type ConnectionEvent = Exclude<DeliveryName, 'listening' | 'timer' | 'idle'>;

export interface RunEvent {
  readonly turn: number;
  readonly event: ConnectionEvent;
  /** Of `data`: how many bytes. */
  readonly bytes?: number;
  /** Of `error`: its code, such as ECONNRESET. */
  readonly error?: string;
}

export interface RunConnection {
  /** "record:generation", as everywhere about traces. */
  readonly name: string;
  /** All bytes that were delivered. */
  readonly received: Buffer;
  /** All bytes that the program wrote, and that were taken. */
  readonly sent: Buffer;
  readonly events: readonly RunEvent[];
}

export interface RunCall {
  readonly turn: number;
  /** Made outside a turn: from a timer of Node's, a promise of its own, an http handler. */
  readonly outside: boolean;
  readonly operation: string;
  /** The connection, where there is one. */
  readonly connection: string | undefined;
  /** In words: operation, arguments, first bytes. */
  readonly text: string;
  readonly result: number;
}

class Gathered implements RunConnection {
  readonly name: string;
  readonly events: RunEvent[] = [];
  readonly chunksIn: Buffer[] = [];
  readonly chunksOut: Buffer[] = [];

  constructor(name: string) {
    this.name = name;
  }

  get received(): Buffer {
    return Buffer.concat(this.chunksIn);
  }

  get sent(): Buffer {
    return Buffer.concat(this.chunksOut);
  }
}

export class RunCollector implements ReplayObserver {
  readonly calls: RunCall[] = [];
  private readonly gathered = new Map<string, Gathered>();
  private readonly listeners = new Set<string>();

  get connections(): readonly RunConnection[] {
    return [...this.gathered.values()];
  }

  turn({ turn, deliveries, payload }: TurnBlock): void {
    for (let at = 0; at < deliveries.length; at += layout.DELIVERY_SIZE) {
      const event = deliveryName(deliveries[at + layout.DELIVERY_KIND] as number);
      const name = nameOf(
        deliveries.readInt32LE(at + layout.DELIVERY_RECORD),
        deliveries.readUInt32LE(at + layout.DELIVERY_GENERATION),
      );
      if (!event || event === 'listening' || event === 'timer' || event === 'idle') continue;
      if (this.listeners.has(name)) continue;
      const connection = this.connection(name);
      if (event === 'data') {
        const address = deliveries.readUInt32LE(at + layout.DELIVERY_ADDRESS);
        const bytes = deliveries.readUInt32LE(at + layout.DELIVERY_LENGTH);
        const range = payload.find(
          (one) => one.address <= address && address + bytes <= one.address + one.length,
        );
        const from = address - (range?.address ?? 0);
        if (range) connection.chunksIn.push(Buffer.from(range.bytes.subarray(from, from + bytes)));
        connection.events.push({ turn, event, bytes });
      } else if (event === 'error') {
        const error = errorName(deliveries.readInt32LE(at + layout.DELIVERY_VALUE));
        connection.events.push({ turn, event, error });
      } else {
        connection.events.push({ turn, event });
      }
    }
  }

  call(call: Call, bytes: Uint8Array | undefined, turn: number): void {
    const { operation, outside, result } = call;
    const connection = connectionOf(call);
    if (operation === layout.CALL_LISTEN && result >= 0) {
      this.listeners.add(nameOf(result, call.address));
    } else if (operation === layout.CALL_CONNECT && connection) {
      this.connection(connection);
    } else if (operation === layout.CALL_WRITE && connection && bytes && result >= 0) {
      this.connection(connection).chunksOut.push(Buffer.from(bytes));
    }
    this.calls.push({
      turn,
      outside,
      operation: callName(operation),
      connection,
      text: describeCall(call),
      result,
    });
  }

  private connection(name: string): Gathered {
    const known = this.gathered.get(name) ?? new Gathered(name);
    this.gathered.set(name, known);
    return known;
  }
}

function nameOf(record: number, generation: number): string {
  return `${record}:${generation >>> 0}`;
}

function connectionOf(call: Call): string | undefined {
  switch (call.operation) {
    case layout.CALL_CONNECT:
      return call.result >= 0 ? nameOf(call.result, call.address) : undefined;
    case layout.CALL_LISTEN:
    case layout.CALL_TIMER_START:
    case layout.CALL_IDLE_START:
    case layout.CALL_TIMER_CANCEL:
      return undefined;
    default:
      return call.record === layout.NONE ? undefined : nameOf(call.record, call.generation);
  }
}
