// The receiving half of a server's connection: the request that is coming in, and what came behind
// it. Of that no more is kept than so much; then the client has to wait.
import { HttpSending } from './http-sending';
import type { Intake } from './intake';
import type { RequestBody } from './request-body';

/** Bytes of later requests that are kept while one is being answered. */
const PIPELINED_MAX = 64 << 10;

export abstract class HttpReceiving extends HttpSending {
  /** The request that is coming in: until all of it is there. */
  protected intake: Intake | undefined = undefined;
  protected body: RequestBody | undefined = undefined;
  /** What came behind the request that is being answered. */
  protected rest: Uint8Array | undefined = undefined;
  private paused = false;

  /** Keeps what came behind the request that is being answered. */
  protected hold(bytes: Uint8Array, at: number): void {
    const part = bytes.subarray(at);
    this.rest = this.rest ? Buffer.concat([this.rest, part]) : Buffer.from(part);
    this.regulate();
  }

  /** What was kept: its place is free again. */
  protected takeRest(): Uint8Array | undefined {
    const { rest } = this;
    this.rest = undefined;
    return rest;
  }

  /** What nobody has room for is left in the kernel, whose buffers stop the client. */
  regulate(): void {
    // Behind answers that the client does not take, no request is begun: nothing more is read.
    const most = this.open ? PIPELINED_MAX : 0;
    const full = this.body?.full === true || (this.rest !== undefined && this.rest.length > most);
    if (full === this.paused) return;
    this.paused = full;
    this.below.read(full ? 0 : Number.POSITIVE_INFINITY);
  }

  protected releaseIntake(): void {
    if (this.intake) this.context.giveIntake(this.intake);
    this.intake = undefined;
  }
}
