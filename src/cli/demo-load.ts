// The load of the demo, a process of its own: many connections, each with one message under way,
// every byte of every answer compared. It is driven by a calandria reactor itself, and is the same
// for every server that it is pointed at.
//
// Usage: forked with a LoadOrder as JSON in its argument; answers with LoadReport messages.
import { createReactor } from '../index';
import type { Connection } from '../reactor/connection';
import type { Reactor } from '../reactor/reactor';
import { Histogram } from './histogram';

export interface LoadOrder {
  readonly port: number;
  readonly address: string;
  readonly connections: number;
  /** Bytes of a message. */
  readonly size: number;
  /** Measure this long… */
  readonly milliseconds?: number;
  /** …or send this many messages on every connection, two or more. */
  readonly messages?: number;
  /** Before the measurement: the compilers warm up. Not used when messages are counted. */
  readonly warmUpMilliseconds: number;
}

export type LoadReport =
  | { kind: 'connecting' | 'running'; done: number; wanted: number }
  | { kind: 'measuring' }
  | { kind: 'measured'; messages: number; milliseconds: number; latencies: number[] }
  | { kind: 'failed'; message: string };

/**
 * Connections that are being opened at a time: more would overflow a listener's backlog and wait a
 * second.
 */
const OPENING_MAX = 128;
const SEQUENCE_DIGITS = 8;

interface Client {
  readonly message: Buffer;
  sequence: number;
  /** Bytes of the current answer that are here. */
  received: number;
  sentAt: number;
}

class Load {
  private readonly order: LoadOrder;
  private readonly reactor: Reactor;
  private readonly histogram = new Histogram();
  private readonly connections: Connection[] = [];
  private dialled = 0;
  private messages = 0;
  private named = 0;
  private finished = 0;
  private running = false;
  private measuring = false;
  private stopping = false;
  private measuringSince = 0;

  constructor(order: LoadOrder) {
    this.order = order;
    this.reactor = createReactor({ limits: { connections: order.connections + 16 } });
  }

  start(): void {
    while (this.dialled < Math.min(OPENING_MAX, this.order.connections)) this.dial();
  }

  private readonly handlers = {
    // Open means that the kernel accepted it, not that the server did: until it has answered once,
    // the connection counts as being opened, so that no server's backlog overflows.
    open: (connection: Connection): void => {
      connection.data = this.makeClient();
      this.send(connection);
    },
    data: (connection: Connection, bytes: Uint8Array): void => this.receive(connection, bytes),
    error: (_: Connection, error: Error): void => this.fail(error.message),
    end: (): void => {
      if (!this.stopping) this.fail('the server ended a connection');
    },
  };

  private dial(): void {
    this.dialled += 1;
    const { address, port } = this.order;
    this.reactor.connect({ address, port }, this.handlers);
  }

  private makeClient(): Client {
    this.named += 1;
    const message = Buffer.alloc(
      this.order.size,
      `${' '.repeat(SEQUENCE_DIGITS)} connection ${this.named} of the demo. `,
    );
    return { message, sequence: 0, received: 0, sentAt: 0 };
  }

  private opened(connection: Connection): void {
    const opened = this.connections.push(connection);
    const { connections: wanted } = this.order;
    if (opened % 25 === 0 || opened === wanted) tell({ kind: 'connecting', done: opened, wanted });
    if (this.dialled < wanted) this.dial();
    else if (opened === wanted) this.run();
  }

  private run(): void {
    this.running = true;
    for (const connection of this.connections) this.send(connection);
    const { warmUpMilliseconds, milliseconds } = this.order;
    if (milliseconds === undefined) return this.measure();
    setTimeout(() => this.measure(), warmUpMilliseconds);
    setTimeout(() => this.stop(), warmUpMilliseconds + milliseconds);
    const ticker = setInterval(() => {
      const done = this.measuring ? performance.now() - this.measuringSince : 0;
      if (!this.stopping) tell({ kind: 'running', done, wanted: milliseconds });
    }, 50);
    ticker.unref();
  }

  private measure(): void {
    this.measuring = true;
    this.messages = 0;
    this.measuringSince = performance.now();
    tell({ kind: 'measuring' });
  }

  private send(connection: Connection): void {
    const client = connection.data as Client;
    // No two messages are alike, so an answer that comes twice or in the wrong place does not pass.
    client.message.write(String(client.sequence).padStart(SEQUENCE_DIGITS, '0'), 'latin1');
    client.received = 0;
    client.sentAt = performance.now();
    connection.write(client.message);
  }

  private receive(connection: Connection, bytes: Uint8Array): void {
    const client = connection.data as Client;
    const { message, received } = client;
    const until = received + bytes.length;
    if (until > message.length || message.compare(bytes, 0, bytes.length, received, until) !== 0) {
      this.fail(
        `an answer differs from its message, at byte ${received} of message ${client.sequence}`,
      );
      return;
    }
    client.received = until;
    if (until < message.length) return;
    client.sequence += 1;
    if (!this.running) return this.opened(connection);
    this.messages += 1;
    if (this.measuring) this.histogram.record((performance.now() - client.sentAt) * 1000);
    const { messages = Number.POSITIVE_INFINITY } = this.order;
    if (client.sequence < messages) {
      if (!this.stopping) this.send(connection);
    } else this.finishOne(messages);
  }

  private finishOne(messages: number): void {
    this.finished += 1;
    const { connections } = this.order;
    if (this.finished % 25 === 0) {
      tell({ kind: 'running', done: this.finished, wanted: connections });
    }
    if (this.finished === connections) {
      this.messages = messages * connections;
      this.stop();
    }
  }

  private stop(): void {
    if (this.stopping) return;
    this.stopping = true;
    tell({
      kind: 'measured',
      messages: this.messages,
      milliseconds: performance.now() - this.measuringSince,
      latencies: this.histogram.toArray(),
    });
    // Answers that are under way arrive before the server's end does.
    for (const connection of this.connections) connection.end();
    void this.reactor.close({ drain: true, deadline: 1000 }).then(() => process.disconnect?.());
  }

  private fail(message: string): void {
    if (this.stopping) return;
    this.stopping = true;
    tell({ kind: 'failed', message });
    void this.reactor.close().then(() => process.disconnect?.());
  }
}

function tell(report: LoadReport): void {
  process.send?.(report);
}

if (require.main === module) {
  // Whoever ordered the load is gone: nobody wants it any more.
  process.on('disconnect', () => process.exit());
  // Ctrl-C goes to the whole group; the demo ends its children by itself.
  process.on('SIGINT', () => {});
  new Load(JSON.parse(process.argv[2] ?? '{}') as LoadOrder).start();
}
