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
import { leave } from './deadlines';
import { Exchange, type ExchangeOwner } from './exchange';
import { HttpReceiving } from './http-receiving';
import type { Intake } from './intake';
import type { ReceivedRequest } from './received-request';
import { type Refusal, refusal, refusalText } from './refusal';
import { type BodySource, RequestBody } from './request-body';
import type { Tunnel } from './tunnel';

export type Phase = 'idle' | 'head' | 'active' | 'lingering' | 'tunnel';

/** Bytes of a body that are read and dropped, so that the connection can go on. */
const DROPPED_MAX = 64 << 10;
const TOO_SLOW = refusal(408, 'the request took too long');

function gone(): CalandriaError {
  return new CalandriaError('ERR_CALANDRIA_CLOSED', 'The client has gone.');
}

export class HttpConnection extends HttpReceiving implements ExchangeOwner, BodySource {
  phase: Phase = 'idle';
  private exchange: Exchange | undefined = undefined;
  private body: RequestBody | undefined = undefined;
  private tunnelled: Tunnel | undefined = undefined;
  private requests = 0;
  /** Handlers of this connection's requests are running: what they finish is taken up by feed(). */
  private feeding = false;
  private peerEnded = false;
  /** The client waits to be told to send the body. */
  private expects = false;
  private keepsAlive = true;

  // ── What the reactor tells ──

  arrived(bytes: Uint8Array): void | Promise<void> {
    switch (this.phase) {
      case 'idle':
      case 'head':
        return this.feed(bytes, 0);
      case 'active':
        if (this.intake) return this.feed(bytes, this.takeBody(this.intake, bytes, 0));
        return this.hold(bytes, 0);
      case 'tunnel':
        return this.tunnelled?.data?.(this.connection, bytes);
      default:
      // Behind the last answer: read, so that closing does not reset the connection, and dropped.
    }
  }

  drain(): void | Promise<void> {
    if (this.phase === 'tunnel') return this.tunnelled?.drain?.(this.connection);
    if (this.drainOutput() && this.phase === 'idle') this.rests();
  }

  ended(): void | Promise<void> {
    this.peerEnded = true;
    if (this.phase === 'tunnel') {
      if (this.tunnelled?.end) return this.tunnelled.end(this.connection);
      return this.connection.end();
    }
    // Who has sent a whole request may have closed its side and still waits for the answer.
    if (this.phase === 'idle') return this.rests();
    if (this.phase !== 'active') this.connection.close();
    else if (this.intake) this.giveUp(gone());
    else this.exchange?.leave(gone());
    // One that neither writes nor ends would never notice.
    if (this.exchange?.begun && this.open) this.waitForClient();
  }

  failed(error: Error): void | Promise<void> {
    if (this.phase === 'tunnel') return this.tunnelled?.error?.(this.connection, error);
    this.lose(error);
  }

  closed(): void | Promise<void> {
    leave(this);
    this.releaseIntake();
    if (this.phase === 'tunnel') return this.tunnelled?.close?.(this.connection);
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
  private feed(bytes: Uint8Array, at: number): void | Promise<void> {
    let next = at;
    this.feeding = true;
    while (next < bytes.length && (this.phase === 'idle' || this.phase === 'head')) {
      next = this.takeHead(bytes, next);
    }
    this.feeding = false;
    if (this.phase === 'idle') this.rests();
    else if (next === bytes.length) return;
    else if (this.phase === 'active') this.hold(bytes, next);
    else if (this.phase === 'tunnel')
      return this.tunnelled?.data?.(this.connection, bytes.subarray(next));
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
        context.enter(context.heads, this);
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
    this.requests++;
    this.keepsAlive = parser.keepAlive && parser.method !== 'CONNECT';
    this.expects = framing.expects && parser.minor > 0 && !parser.complete;
    const exchange = new Exchange(this, intake.head(), parser, context.now);
    this.exchange = exchange;
    if (!parser.complete || intake.received > 0) this.body = new RequestBody(this);
    const pending = context.handle(exchange);
    if (this.exchange !== exchange) {
      exchange.leaveTurn(pending);
      return;
    }
    exchange.leaveTurn(true);
    this.giveBody(intake, bytes);
    if (this.exchange === exchange && !exchange.begun) this.waitForAnswer();
  }

  /** More of the body; answers where it ends. */
  private takeBody(intake: Intake, bytes: Uint8Array, at: number): number {
    const end = intake.take(bytes, at);
    this.giveBody(intake, bytes);
    if (this.list === this.context.bodies) this.waitForBody();
    return end;
  }

  /** What the parser has found of the body in these bytes. */
  private giveBody(intake: Intake, bytes: Uint8Array): void {
    const { exchange, body } = this;
    if (!exchange) return;
    if (intake.refusal) return this.refuse(intake.refusal);
    const { bodies, complete } = intake.parser;
    for (let run = 0; run < bodies.length; run += 2) {
      body?.arrived(bytes.subarray(bodies[run], bodies[run + 1]));
    }
    if (!complete) return;
    const trailers = intake.trailers();
    if (trailers) exchange.setTrailers(trailers);
    this.releaseIntake();
    body?.finish();
    if (this.list === this.context.bodies) this.waitForAnswer();
    if (exchange.finished) this.next();
  }

  /** The answer is written and the request has been read: the next one. */
  private next(): void {
    const { exchange } = this;
    if (exchange?.closes) return this.closeBehind();
    this.exchange = undefined;
    this.body = undefined;
    if (this.output?.open) this.output = undefined;
    this.phase = 'idle';
    if (this.intake && this.feeding) this.intake.reset();
    if (this.feeding) return;
    const rest = this.takeRest();
    if (rest) void this.feed(rest, 0);
    else this.rests();
  }

  /** Between requests; what was written may still be on its way. */
  private rests(): void {
    const { context } = this;
    this.releaseIntake();
    if (!this.open) return;
    this.output = undefined;
    if (this.peerEnded) this.connection.close();
    else if (context.draining) this.closeBehind();
    else context.enter(context.idle, this);
  }

  // ── Ends ──

  /** The server closes: at once when nothing is under way, else behind the answer. */
  retire(): void {
    if (this.phase === 'idle') this.closeBehind();
  }

  /** The request is not for the program; it is told why, and what comes behind it is not read. */
  refuse(refusal: Refusal): void {
    const { exchange, context } = this;
    const error = new CalandriaError('ERR_CALANDRIA_REFUSED', `Refused: ${refusal.reason}.`);
    this.body?.fail(error);
    if (exchange?.begun) return this.cut();
    exchange?.abort(error);
    context.refused(refusal, this);
    this.put(refusalText(refusal, context.date()));
    this.closeBehind();
  }

  /** Nothing more is written; the client has some time to take what was, and to close. */
  closeBehind(): void {
    this.releaseIntake();
    this.exchange = undefined;
    this.body = undefined;
    this.rest = undefined;
    this.phase = 'lingering';
    this.context.enter(this.context.lingering, this);
    if (this.output && !this.output.open) {
      this.output.drained().then(
        () => this.endOutput(),
        () => {},
      );
    } else this.endOutput();
    this.goOnReading();
  }

  private endOutput(): void {
    if (this.peerEnded) this.connection.close();
    else this.connection.end();
  }

  /** The client went before its request was complete. */
  private giveUp(error: Error): void {
    this.lose(error);
    this.connection.close();
  }

  /** As ExchangeOwner: what was written leaves, without an end; or nothing more leaves at all. */
  breakOff(visible: boolean): void {
    if (!visible) return this.cut();
    this.lose(gone());
    this.closeBehind();
    this.connection.close();
  }

  /** Drops what is queued and closes: the client must not take what it has for all. */
  cut(): void {
    this.lose(gone());
    this.phase = 'lingering';
    this.releaseIntake();
    this.connection.destroy();
  }

  /** Was the time to close in; but who is slow to take the answer still may. */
  lingerExpired(): void {
    if (this.connection.tx.ended) this.connection.destroy();
    else this.writeExpired();
  }

  // ── As ExchangeOwner ──

  date(): string {
    return this.context.date();
  }

  bodyOf(request: ReceivedRequest): RequestBody {
    if (request === this.exchange && this.body) return this.body;
    const none = new RequestBody(this);
    none.finish();
    return none;
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
    if (this.list === this.context.answers) leave(this);
  }

  finished(exchange: Exchange): void {
    this.context.done(exchange);
    if (!this.intake || this.intake.parser.complete) return this.next();
    this.body?.drop();
    if (exchange.closes) this.closeBehind();
    else this.waitForBody();
  }

  tunnel(exchange: Exchange, handlers: Tunnel): void {
    this.context.done(exchange);
    this.releaseIntake();
    this.exchange = undefined;
    this.body = undefined;
    this.tunnelled = handlers;
    this.phase = 'tunnel';
    leave(this);
    const { connection } = this;
    const rest = this.takeRest();
    // Who upgrades gets what has come already like all that comes later, when its call is over.
    if (rest) queueMicrotask(() => void handlers.data?.(connection, rest));
  }

  // ── As BodySource ──

  wanted(): void {
    if (!this.intake) return;
    if (this.expects) {
      this.expects = false;
      this.put('HTTP/1.1 100 Continue\r\n\r\n');
    }
    this.waitForBody();
  }

  pause(): void {
    this.stopReading();
    if (this.list === this.context.bodies) this.waitForAnswer();
  }

  resume(): void {
    this.goOnReading();
  }

  // ── What it waits for ──

  private waitForAnswer(): void {
    const { context, exchange } = this;
    if (exchange && !exchange.begun) context.enter(context.answers, this);
    else leave(this);
  }

  private waitForBody(): void {
    const { context, exchange } = this;
    // A body that trickles in may not take longer than an answer.
    const since = exchange ? exchange.since : context.now;
    if (context.now - since > context.limits.answerMilliseconds) return this.refuse(TOO_SLOW);
    context.enter(context.bodies, this);
  }
}
