// One connection of a server: requests in, one after another, answers out in the same order.
//
//   IDLE ─ bytes ─→ HEAD ─ head complete ─→ ACTIVE ─ answered, and the body has come ─→ IDLE
//     │               │                       │  │
//     │               └─ refused ──┐          │  └─ upgrade() ─→ TUNNEL
//     │                            ↓          │
//     └─ the client's end ──→ LINGERING ←─────┘ the last answer
//
// A connection that is idle holds this object and nothing else: the parser, what came of a head and
// what waits to be written are taken when they are needed.
import { CalandriaError } from '../errors';
import { type Deadline, leave } from './deadlines';
import { Exchange, type ExchangeOwner } from './exchange';
import { HttpReceiving } from './http-receiving';
import type { Intake } from './intake';
import { type Refusal, refusal, refusalText } from './refusal';
import { type BodySource, RequestBody } from './request-body';
import { Handover, type Tunnel } from './tunnel';

export type Phase = 'idle' | 'head' | 'active' | 'lingering' | 'tunnel';

/** Bytes of a body that are read and dropped, so that the connection can go on. */
const DROPPED_MAX = 64 << 10;
const TOO_SLOW = refusal(408, 'the request took too long');
const CUT_SHORT = refusal(400, 'the connection ended within the request');

function gone(): CalandriaError {
  return new CalandriaError('ERR_CALANDRIA_CLOSED', 'The client has gone.');
}

export class HttpConnection extends HttpReceiving implements ExchangeOwner, BodySource {
  phase: Phase = 'idle';
  private exchange: Exchange | undefined = undefined;
  private handover: Handover | undefined = undefined;
  private requests = 0;
  /** Handlers of this connection's requests are running: what they finish is taken up by feed(). */
  private feeding = false;
  private peerEnded = false;
  /** The client waits to be told to send the body. */
  private expects = false;
  private keepsAlive = true;

  // ── What the reactor tells ──

  opened(): void {
    if (this.phase === 'idle') this.goOn();
    else if (this.phase === 'lingering') this.endOutput();
    this.watch();
  }

  arrived(bytes: Uint8Array): void | Promise<void> {
    if (!this.layered) this.context.arena ??= bytes.buffer;
    if (this.handover) return this.handover.arrived(bytes);
    switch (this.phase) {
      case 'idle':
      case 'head':
        return this.rest ? this.hold(bytes, 0) : this.feed(bytes, 0);
      case 'active':
        if (this.intake) return this.feed(bytes, this.takeBody(this.intake, bytes, 0));
        return this.hold(bytes, 0);
      default:
      // Behind the last answer: read, so that closing does not reset the connection, and dropped.
    }
  }

  drain(): void | Promise<void> {
    if (this.handover) return this.handover.drained();
    this.drainOutput();
  }

  ended(): void | Promise<void> {
    this.peerEnded = true;
    if (this.handover) return this.handover.ended();
    // Who has sent a whole request may have closed its side and still waits for the answer.
    if (this.phase === 'idle' && !this.rest) this.rests();
    else if (this.phase === 'head' || this.intake) this.refuse(CUT_SHORT);
    else if (this.phase === 'lingering' && this.open) this.endOutput();
    else if (this.phase === 'active') {
      this.exchange?.leave(gone());
      this.watch();
    }
  }

  failed(error: Error): void | Promise<void> {
    if (this.handover) return this.handover.failed(error);
    this.lose(error);
  }

  closed(): void | Promise<void> {
    leave(this);
    this.releaseIntake();
    if (this.handover) return this.handover.closed();
    this.lose(gone());
  }

  /** The client is gone: whoever reads or writes hears of it. */
  private lose(error: Error): void {
    const { exchange } = this;
    this.body?.fail(error);
    this.output?.fail(error);
    this.rest = undefined;
    if (!exchange || exchange.finished) return;
    exchange.abort(error);
    this.context.done(exchange);
  }

  // ── Requests ──

  /** Bytes from `at` on begin with a request, or go on with its head. */
  private feed(bytes: Uint8Array, at: number): void {
    let next = at;
    this.feeding = true;
    while (next < bytes.length && (this.phase === 'idle' || this.phase === 'head') && this.open) {
      next = this.takeHead(bytes, next);
    }
    this.feeding = false;
    if (this.phase === 'idle') this.releaseIntake();
    if (next === bytes.length) {
      if (this.phase === 'idle') this.rests();
    } else if (this.handover) void this.handover.arrived(bytes.subarray(next));
    else if (this.phase !== 'lingering') this.hold(bytes, next);
  }

  /** One request, or the part of it that is there. Answers where it ends. */
  private takeHead(bytes: Uint8Array, at: number): number {
    const { context } = this;
    this.intake ??= context.takeIntake();
    const { intake } = this;
    const end = intake.take(bytes, at);
    if (intake.refusal) {
      this.refuse(intake.refusal);
      return bytes.length;
    }
    if (!intake.parser.headComplete) {
      if (intake.begun && this.phase === 'idle') {
        this.phase = 'head';
        this.watch();
      }
      return bytes.length;
    }
    this.begin(intake, bytes);
    return end;
  }

  /** The head is complete: the program is asked, and then gets what has come of the body. */
  private begin(intake: Intake, bytes: Uint8Array): void {
    const { context } = this;
    const { parser, framing } = intake;
    this.phase = 'active';
    // A request answered at once passes through no other list: the next wait would be an old one.
    leave(this);
    this.requests++;
    this.keepsAlive = parser.keepAlive && parser.method !== 'CONNECT';
    this.expects = framing.expects && parser.minor > 0 && !parser.complete;
    if (!parser.complete || intake.received > 0) this.body = new RequestBody(this);
    const exchange = new Exchange(this, intake.head(), this.body, parser, context.now);
    this.exchange = exchange;
    const pending = context.handle(exchange);
    if (this.exchange !== exchange) {
      exchange.leaveTurn(pending);
      return;
    }
    exchange.leaveTurn(true);
    this.giveBody(intake, bytes);
    this.watch();
  }

  /** More of the body; answers where it ends. */
  private takeBody(intake: Intake, bytes: Uint8Array, at: number): number {
    const end = intake.take(bytes, at);
    this.giveBody(intake, bytes);
    if (this.phase !== 'active') return end;
    // Something came: who waits for more of it waits anew.
    if (this.list === this.context.bodies) leave(this);
    if (this.intake && this.late) this.refuse(TOO_SLOW);
    else this.watch();
    return end;
  }

  /** What the parser has found of the body in these bytes. */
  private giveBody(intake: Intake, bytes: Uint8Array): void {
    const { exchange, body } = this;
    if (!exchange) return;
    if (intake.refusal) return this.refuse(intake.refusal);
    const { bodies, complete } = intake.parser;
    if (bodies.length > 0) body?.arrived(bytes, bodies);
    this.regulate();
    if (!complete) return;
    const trailers = intake.trailers();
    if (trailers) exchange.setTrailers(trailers);
    this.releaseIntake();
    body?.finish();
    if (exchange.finished) this.next();
  }

  /** A body that trickles in may not take longer than an answer. */
  private get late(): boolean {
    const { exchange, context } = this;
    if (!exchange || (exchange.begun && !exchange.finished)) return false;
    return context.now - exchange.since > context.limits.answerMilliseconds;
  }

  /** The answer is written and the request has been read: the next one. */
  private next(): void {
    const { exchange } = this;
    if (exchange?.closes) return this.closeBehind();
    this.exchange = undefined;
    this.body = undefined;
    this.phase = 'idle';
    // The same parser reads the request behind this one.
    if (this.feeding) this.intake?.reset();
    else this.goOn();
  }

  /** Takes up what was held, as far as answers find room. */
  private goOn(): void {
    const rest = this.open ? this.takeRest() : undefined;
    if (rest) this.feed(rest, 0);
    else if (!this.rest) this.rests();
    this.regulate();
  }

  /** Between requests; what was written may still be on its way. */
  private rests(): void {
    if (!this.open) return this.watch();
    this.output = undefined;
    if (this.peerEnded || this.context.draining) this.closeBehind();
    else this.watch();
  }

  // ── Ends ──

  /** The server closes: at once when nothing is under way, else behind the answer. */
  retire(): void {
    if (this.phase === 'idle' && !this.rest) this.closeBehind();
  }

  /** The request is not for the program; it is told why, and what comes behind it is not read. */
  refuse(refusal: Refusal): void {
    const { exchange, context } = this;
    // What was answered before all of the request had come is not taken back.
    if (exchange?.finished) return this.closeBehind();
    if (exchange?.begun) return this.cut();
    const error = new CalandriaError('ERR_CALANDRIA_REFUSED', `Refused: ${refusal.reason}.`);
    this.body?.fail(error);
    const { method } = exchange ?? this.intake?.parser ?? { method: '' };
    this.put(refusalText(refusal, context.date(), method === 'HEAD'));
    if (exchange) {
      exchange.refuse(refusal.status, error);
      context.done(exchange);
    } else context.refused(refusal, this);
    this.closeBehind();
  }

  /** Nothing more is written; the client has some time to take what was, and to close. */
  closeBehind(): void {
    this.releaseIntake();
    this.exchange = undefined;
    this.body = undefined;
    this.rest = undefined;
    this.phase = 'lingering';
    this.watch();
    if (this.open) this.endOutput();
    this.regulate();
  }

  private endOutput(): void {
    if (this.peerEnded) this.below.close();
    else this.below.end();
  }

  /** As ExchangeOwner: what was written leaves, without an end; or nothing more leaves at all. */
  breakOff(visible: boolean): void {
    if (!visible) return this.cut();
    this.lose(gone());
    this.closeBehind();
    this.below.close();
  }

  /** Drops what is queued and closes: the client must not take what it has for all. */
  cut(): void {
    this.lose(gone());
    this.releaseIntake();
    this.exchange = undefined;
    this.body = undefined;
    if (!this.handover) this.phase = 'lingering';
    leave(this);
    // Where the end of the connection is the end of the body, a mere end would look like all of it.
    this.below.reset();
  }

  /** Was the time to close in; but who is slow to take the answer still may. */
  lingerExpired(): void {
    if (this.below.tx.ended) this.below.destroy();
    else this.writeExpired();
  }

  // ── As ExchangeOwner ──

  date(): string {
    return this.context.date();
  }

  wallTime(): number | undefined {
    return this.context.wallTime;
  }

  closesAfter(): boolean {
    const { intake, context } = this;
    if (!this.keepsAlive || context.draining) return true;
    if (this.requests >= context.limits.requests) return true;
    if (!intake || intake.parser.complete) return false;
    // Is there more of a body than is worth reading for the sake of the next request?
    const { chunked, length } = intake.framing;
    return this.expects || chunked || length - intake.received > DROPPED_MAX;
  }

  began(): void {
    if (!this.feeding) this.watch();
  }

  finished(exchange: Exchange): void {
    this.context.done(exchange);
    if (!this.body?.complete) this.body?.abandon();
    if (!this.intake || this.intake.parser.complete) return this.next();
    if (exchange.closes) this.closeBehind();
    else this.watch();
  }

  get received(): boolean {
    return !this.intake || this.intake.parser.complete;
  }

  tunnel(exchange: Exchange, tunnel: Tunnel): void {
    const { connection, peerEnded, context } = this;
    const rest = this.takeRest();
    context.done(exchange);
    this.releaseIntake();
    this.exchange = undefined;
    this.body = undefined;
    this.output = undefined;
    this.phase = 'tunnel';
    leave(this);
    this.regulate();
    this.handover = new Handover(connection, tunnel, rest, peerEnded, (action) =>
      context.later(0, action),
    );
  }

  // ── As BodySource ──

  wanted(): void {
    if (!this.intake) return;
    // A client that has an answer waits for no word to go on.
    if (this.expects && !this.exchange?.begun) this.put('HTTP/1.1 100 Continue\r\n\r\n');
    this.expects = false;
    this.watch();
  }

  // ── What it waits for ──

  protected waitsFor(): Deadline | undefined {
    const { context, exchange } = this;
    if (this.sending) return context.writing;
    switch (this.phase) {
      case 'idle':
        return context.idle;
      case 'head':
        return context.heads;
      case 'lingering':
        return context.lingering;
      case 'active':
        if (this.intake && (exchange?.finished || this.body?.hungry)) return context.bodies;
        if (!exchange?.begun) return context.answers;
        // Most who close their side are gone; one that is not written to would never tell.
        return this.peerEnded ? context.writing : undefined;
      default:
        return undefined;
    }
  }
}
