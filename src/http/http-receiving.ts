// The receiving half of a server's connection: the request that is coming in, and what came behind
// it. Of that no more is kept than so much; then the client has to wait.
import { HttpSending } from './http-sending';
import type { Intake } from './intake';

/** Bytes of later requests that are kept while one is being answered. */
const PIPELINED_MAX = 64 << 10;

export abstract class HttpReceiving extends HttpSending {
  /** The request that is coming in: until all of it is there. */
  protected intake: Intake | undefined = undefined;
  /** What came behind the request that is being answered. */
  protected rest: Uint8Array | undefined = undefined;
  private paused = false;

  /** Keeps what came behind the request that is being answered. */
  protected hold(bytes: Uint8Array, at: number): void {
    const part = bytes.subarray(at);
    this.rest = this.rest ? Buffer.concat([this.rest, part]) : Buffer.from(part);
    if (this.rest.length >= PIPELINED_MAX) this.stopReading();
  }

  /** What was kept, and more is read again. */
  protected takeRest(): Uint8Array | undefined {
    const { rest } = this;
    this.rest = undefined;
    this.goOnReading();
    return rest;
  }

  protected stopReading(): void {
    if (this.paused) return;
    this.paused = true;
    this.connection.read(0);
  }

  protected goOnReading(): void {
    if (!this.paused) return;
    this.paused = false;
    this.connection.read(Number.POSITIVE_INFINITY);
  }

  protected releaseIntake(): void {
    if (this.intake) this.context.giveIntake(this.intake);
    this.intake = undefined;
  }
}
