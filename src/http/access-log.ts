// The access log: a line for each exchange, in the Common Log Format or as JSON. Lines are kept for
// a moment and written together; what finds no room while the disk is slow or full is counted and
// said, and the server goes on.
import { CalandriaError, shown, typeError } from '../errors';
import type { WallClock } from '../outside';
import { checkFunctions, checkOptions } from '../reactor/arguments';
import type { File } from '../reactor/file';
import type { Reactor } from '../reactor/reactor';
import type { Timer } from '../reactor/timer';
import type { Exchange } from './exchange';

export type LogFormat = 'common' | 'combined' | 'json';

export interface AccessLogOptions {
  /** The file, to which lines are appended; created with mode 0640. */
  readonly file?: string;
  /**
   * Takes the lines in place of a file. While its promise is open nothing else is written; what it
   * throws or rejects with is that these lines are lost. In a program that is recorded the promise
   * has to come through the loop, as that of outside.run() does.
   */
  readonly write?: (lines: string) => void | Promise<void>;
  /** 'common', 'combined' (with Referer and User-Agent), or 'json'. Default 'common'. */
  readonly format?: LogFormat;
  /** Hears why lines could not be written; once for each time that it begins. */
  readonly onError?: (error: Error) => void;
}

export interface AccessLogCloseOptions {
  /** Milliseconds after which what is not written counts as lost. Default: none. */
  readonly deadline?: number;
}

/** Bytes that are written at once, and that may wait for a slow disk. */
const WRITE_SIZE = 64 << 10;
const WAITING_MAX = 1 << 20;
/** ms after which lines are written, however few there are. */
const FLUSH_MILLISECONDS = 1000;
const FORMATS: readonly LogFormat[] = ['common', 'combined', 'json'];

const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const MONTHS = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec'];

export class AccessLog {
  /** Lines that found no room or could not be written. */
  lost = 0;
  private readonly reactor: Reactor;
  private readonly clock: WallClock;
  private readonly options: AccessLogOptions;
  private readonly format: LogFormat;
  private lines = '';
  /** Lines that were ever taken in, and those of them that are written or lost. */
  private taken = 0;
  private settled = 0;
  private file: File | undefined;
  private timer: Timer | undefined;
  private writing: Promise<void> | undefined;
  private failing = false;
  private second = -1;
  private time = '';

  /** @throws ERR_INVALID_ARG_TYPE, ERR_CALANDRIA_BAD_OPTION */
  constructor(reactor: Reactor, clock: WallClock, options: AccessLogOptions) {
    checkOptions('options', options);
    checkFunctions('options', options, ['write', 'onError']);
    const { format = 'common', file, write } = options;
    if (!FORMATS.includes(format)) {
      throw new CalandriaError(
        'ERR_CALANDRIA_BAD_OPTION',
        `format is ${FORMATS.map((name) => `'${name}'`).join(', ')}, not ${shown(format)}.`,
      );
    }
    if (write === undefined && typeof file !== 'string') throw typeError('file', 'a string', file);
    this.reactor = reactor;
    this.clock = clock;
    this.options = options;
    this.format = format;
  }

  /** Opens the file; rejects when it cannot. Again, after a rotation: goes on in the new one. */
  async open(): Promise<void> {
    const { file } = this.options;
    if (file === undefined || this.options.write) return;
    const opened = await this.reactor.openFile(file, 'a', 0o640);
    await this.flush();
    const last = this.file;
    this.file = opened.unref();
    await last?.close();
  }

  /** Writes the line of an exchange that is over. */
  add(exchange: Exchange): void {
    if (this.lines.length >= WAITING_MAX) {
      this.lost++;
      return;
    }
    this.lines += this.format === 'json' ? this.asJson(exchange) : this.asCommon(exchange);
    this.taken++;
    this.schedule();
  }

  /** Writes what waits; resolves when it is with the system, or lost. */
  async flush(): Promise<void> {
    const { taken } = this;
    while (this.settled < taken) await (this.writing ?? this.begin());
  }

  /** Writes what waits, and closes the file. */
  async close({ deadline }: AccessLogCloseOptions = {}): Promise<void> {
    if (deadline === undefined) await this.flush();
    else await this.flushWithin(deadline);
    const { file } = this;
    this.file = undefined;
    // Behind a write that does not end, closing does not end either.
    const closed = file?.close();
    if (this.writing) closed?.catch(() => {});
    else await closed;
  }

  private async flushWithin(deadline: number): Promise<void> {
    const late = new Promise<void>((resolve) => {
      const timer = this.reactor.setTimer(deadline, () => resolve());
      void this.flush().finally(() => {
        timer.cancel();
        resolve();
      });
    });
    await late;
    this.lost += this.taken - this.settled;
    this.settled = this.taken;
    this.lines = '';
  }

  /** While something is being written nothing is begun: the end of that comes here again. */
  private schedule(): void {
    if (this.writing || this.lines === '') return;
    if (this.lines.length >= WRITE_SIZE) void this.begin();
    else if (!this.reactor.closed) {
      this.timer ??= this.reactor.setTimer(FLUSH_MILLISECONDS, () => this.begin()).unref();
    }
  }

  private begin(): Promise<void> {
    this.timer?.cancel();
    this.timer = undefined;
    const { lines, taken } = this;
    this.lines = '';
    this.writing = this.write(lines, taken).finally(() => {
      this.writing = undefined;
      this.settled = Math.max(this.settled, taken);
      this.schedule();
    });
    return this.writing;
  }

  private async write(lines: string, taken: number): Promise<void> {
    try {
      if (this.options.write) await this.options.write(lines);
      else await this.file?.write(Buffer.from(lines));
      this.failing = false;
    } catch (error) {
      // Those that close() gave up are counted already.
      this.lost += Math.max(0, taken - this.settled);
      if (!this.failing && taken > this.settled) this.options.onError?.(error as Error);
      this.failing = true;
    }
  }

  // ── Lines ──

  private asCommon(exchange: Exchange): string {
    const { method, target, minor, status, bytes, connection } = exchange;
    const line = `"${method} ${escaped(target)} HTTP/1.${minor}"`;
    const answer = `${status === 0 ? '-' : status} ${bytes === 0 ? '-' : bytes}`;
    const common = `${remote(connection.peer.address)} - - [${this.when()}] ${line} ${answer}`;
    if (this.format === 'common') return `${common}\n`;
    const field = (name: string) => `"${escaped(exchange.header(name) ?? '-')}"`;
    return `${common} ${field('referer')} ${field('user-agent')}\n`;
  }

  private asJson(exchange: Exchange): string {
    const { method, target, minor, status, bytes, connection } = exchange;
    const { now } = this.clock;
    const line = {
      time: now === undefined ? null : new Date(now).toISOString(),
      remote: connection.peer.address,
      method,
      target,
      version: `1.${minor}`,
      status,
      bytes,
      milliseconds: Math.round((this.reactor.now - exchange.since) * 1000) / 1000,
      aborted: exchange.aborted,
      referer: exchange.header('referer'),
      userAgent: exchange.header('user-agent'),
    };
    return `${JSON.stringify(line)}\n`;
  }

  /** As in 10/Oct/2000:13:55:36 +0000; made once a second. */
  private when(): string {
    const { now } = this.clock;
    if (now === undefined) return '-';
    const second = Math.floor(now / 1000);
    if (second === this.second) return this.time;
    const date = new Date(second * 1000);
    const [day, time] = date.toISOString().slice(0, 19).split('T') as [string, string];
    this.second = second;
    this.time = `${day.slice(8)}/${MONTHS[date.getUTCMonth()]}/${day.slice(0, 4)}:${time} +0000`;
    return this.time;
  }
}

function remote(address: string): string {
  return address === '' ? '-' : address;
}

/** Nothing that a client sends can end a field or a line, or reach a terminal. */
function escaped(text: string): string {
  let safe = '';
  for (let place = 0; place < text.length; place++) {
    const code = text.charCodeAt(place);
    const plain = code >= 0x20 && code < 0x7f && code !== QUOTE && code !== BACKSLASH;
    safe += plain ? text[place] : `\\x${code.toString(16).padStart(2, '0')}`;
  }
  return safe;
}
