// One run: a script is brought to a protocol in one way, over a real reactor, and what the protocol
// said and did is written down.
import { inspect, types } from 'node:util';
import { CalandriaError } from '../../errors';
import type { Handlers } from '../../reactor/handlers';
import type { Listener } from '../../reactor/listener';
import type { Reactor } from '../../reactor/reactor';
import { checkProtocol } from '../protocol';
import { Bench, type BenchOptions } from './bench';
import { type Plan, WHOLE } from './plans';
import { type Act, actsOf, type Script, type Step, scriptOf } from './script';
import type { ScriptedHost } from './scripted-host';

/** Writes down something that the protocol did and the other side does not see. */
export type Note = (what: unknown) => void;

/** Makes the protocol for one run: what it keeps must not outlive the run. */
export type Subject = (note: Note, reactor: Reactor) => Handlers | Promise<Handlers>;

export interface PlayOptions extends BenchOptions {
  /** The protocol dials, and is not dialled. Default false. */
  readonly dials?: boolean;
}

/** What a protocol said and did in one run. */
export interface Conduct {
  /** All that the other side was told. */
  readonly said: Buffer;
  /** What was noted, in order: text as it is, bytes in hexadecimal, the rest as Node shows it. */
  readonly noted: readonly string[];
  /** The other side saw our end; the connection was closed here; by a reset (Connection.reset). */
  readonly ended: boolean;
  readonly closed: boolean;
  readonly reset: boolean;
  /** What handlers threw. */
  readonly threw: readonly string[];
  /** Bytes that were sent, and of them where steps ended. */
  readonly length: number;
  readonly ends: readonly number[];
}

/**
 * Brings a script to a protocol.
 * @throws ERR_CALANDRIA_BAD_PROTOCOL the subject makes none; ERR_CALANDRIA_LIMIT it never rests.
 */
export async function play(
  subject: Subject,
  script: Script | Step,
  plan: Plan = WHOLE,
  options: PlayOptions = {},
): Promise<Conduct> {
  const bench = new Bench(options);
  try {
    return await playOn(bench, subject, scriptOf(script), plan, options.dials ?? false);
  } finally {
    await bench.close();
  }
}

/** The same as one of several runs. */
export async function playOn(
  bench: Bench,
  subject: Subject,
  script: Script,
  plan: Plan,
  dials: boolean,
): Promise<Conduct> {
  const run = new Run(bench);
  try {
    await run.start(subject, dials);
    await run.bring(script, plan);
    return run.conduct();
  } finally {
    run.over();
    await bench.end();
  }
}

class Run {
  private readonly host: ScriptedHost;
  private readonly reactor: Reactor;
  private readonly noted: string[] = [];
  private readonly threw: string[] = [];
  private readonly ends: number[] = [];
  private listener: Listener | undefined;
  private sealed = false;
  private sent = 0;
  private window = Number.POSITIVE_INFINITY;

  constructor(bench: Bench) {
    const { host, reactor } = bench.begin((error) => {
      if (!this.sealed) this.threw.push(String(error));
    });
    this.host = host;
    this.reactor = reactor;
  }

  async start(subject: Subject, dials: boolean): Promise<void> {
    const note: Note = (what) => {
      if (!this.sealed) this.noted.push(shownNote(what));
    };
    const protocol = checkProtocol(await subject(note, this.reactor), 'what the subject made');
    const where = { port: 1 };
    if (dials) this.reactor.connect(where, protocol);
    else this.listener = this.reactor.listen(where, protocol);
    await this.rest();
    if (dials) return;
    this.host.dial();
    await this.rest();
  }

  async bring(script: Script, plan: Plan): Promise<void> {
    const { peer } = this.host;
    this.window = plan.window ?? Number.POSITIVE_INFINITY;
    peer.grant(plan.late ? 0 : this.window);
    const stop = plan.stop?.at ?? Number.POSITIVE_INFINITY;
    for (const act of actsOf(script)) {
      if (this.sent >= stop) break;
      await this.act(act, plan, stop);
    }
    if (plan.late) peer.grant(Number.POSITIVE_INFINITY);
    await this.rest();
    if (!plan.stop || plan.stop.together) return;
    peer[plan.stop.how]();
    await this.rest();
  }

  private async act(act: Act, plan: Plan, stop: number): Promise<void> {
    const { host } = this;
    if (typeof act === 'function') {
      return this.send(Buffer.from(act(host.peer.said) as Uint8Array), plan, stop);
    }
    if ('wait' in act) return this.must(await host.pass(act.wait));
    if ('stop' in act) {
      host.peer[act.stop]();
      return this.rest();
    }
    this.ends.push(...act.ends.map((end) => this.sent + end));
    return this.send(act.bytes, plan, stop);
  }

  private async send(stretch: Uint8Array, plan: Plan, stop: number): Promise<void> {
    const { peer } = this.host;
    const from = this.sent;
    const last = Math.min(from + stretch.length, stop);
    const cuts =
      plan.cuts === 'every'
        ? Array.from({ length: Math.max(0, last - from) }, (_, place) => from + place + 1)
        : plan.cuts.filter((cut) => cut > from && cut < last);
    if (plan.cuts !== 'every') cuts.push(last);
    for (const cut of cuts) {
      if (cut > this.sent) peer.feed(stretch.slice(this.sent - from, cut - from));
      this.sent = cut;
      if (plan.stop?.together && cut === stop) peer[plan.stop.how]();
      if (plan.eager) await new Promise((resolve) => setImmediate(resolve));
      else await this.rest();
    }
    await this.rest();
  }

  /** Until all rest; a peer that takes little at a time goes on taking. */
  private async rest(): Promise<void> {
    const { host } = this;
    this.must(await host.rest());
    while (host.peer.full && this.window !== Number.POSITIVE_INFINITY) {
      host.peer.grant(this.window);
      this.must(await host.rest());
    }
  }

  private must(rested: boolean): void {
    if (rested) return;
    throw new CalandriaError(
      'ERR_CALANDRIA_LIMIT',
      `The protocol does not come to rest: ${this.host.turns} turns behind byte ${this.sent}.`,
    );
  }

  conduct(): Conduct {
    const { peer } = this.host;
    this.sealed = true;
    return {
      said: peer.said,
      noted: this.noted,
      ended: peer.endSeen,
      closed: peer.closeSeen,
      reset: peer.resetSeen,
      threw: this.threw,
      length: this.sent,
      ends: this.ends,
    };
  }

  over(): void {
    this.sealed = true;
    this.listener?.close();
  }
}

function shownNote(what: unknown): string {
  if (typeof what === 'string') return what;
  if (types.isUint8Array(what)) return Buffer.from(what).toString('hex');
  return inspect(what, {
    depth: null,
    breakLength: Number.POSITIVE_INFINITY,
    maxArrayLength: null,
  });
}
