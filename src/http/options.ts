// What a server of HTTP may be told: bounds with a default each, and what it does when something
// fails.
import { CalandriaError, shown } from '../errors';
import { checkOptions } from '../reactor/arguments';

export interface HttpLimits {
  /** Bytes of the request target; more is answered with 414. Default 8,192. */
  readonly targetBytes: number;
  /** Bytes of a request's head, its line included; more is answered with 431. Default 16,384. */
  readonly headBytes: number;
  /** Header fields, trailers included; more are answered with 431. Default 100. */
  readonly headers: number;
  /** Bytes of a request's body; more is answered with 413. Default 16 MiB. */
  readonly bodyBytes: number;
  /** Connections that are open at once; more wait in the kernel. Default: the reactor's limit. */
  readonly connections: number;
  /** Requests on one connection; with the last one it is closed. Default 100,000. */
  readonly requests: number;
  /** Milliseconds from a request's first byte to the end of its head (408). Default 30,000. */
  readonly headMilliseconds: number;
  /** Milliseconds in which nothing of a body came although it is wanted (408). Default 30,000. */
  readonly bodyMilliseconds: number;
  /** Milliseconds that a handler may take to begin its answer (503). Default 300,000. */
  readonly answerMilliseconds: number;
  /** Milliseconds in which a client takes nothing of its answer. Default 60,000. */
  readonly writeMilliseconds: number;
  /** Milliseconds that a connection may be idle between requests. Default 75,000. */
  readonly idleMilliseconds: number;
  /** Milliseconds for a client to close after the last answer. Default 2,000. */
  readonly lingerMilliseconds: number;
}

const DAY = 86_400_000;

/** Default, least and most of each. */
const BOUNDS: Readonly<Record<keyof HttpLimits, readonly [number, number, number]>> = {
  targetBytes: [8192, 16, 1 << 20],
  headBytes: [16_384, 64, 1 << 20],
  headers: [100, 1, 10_000],
  bodyBytes: [16 << 20, 0, 2 ** 53 - 1],
  connections: [2 ** 31 - 1, 1, 2 ** 31 - 1],
  requests: [100_000, 1, 2 ** 53 - 1],
  headMilliseconds: [30_000, 1, DAY],
  bodyMilliseconds: [30_000, 1, DAY],
  answerMilliseconds: [300_000, 1, DAY],
  writeMilliseconds: [60_000, 1, DAY],
  idleMilliseconds: [75_000, 1, DAY],
  lingerMilliseconds: [2_000, 1, DAY],
};

/** The limits with the defaults filled in. @throws ERR_CALANDRIA_BAD_OPTION names the one. */
export function completeHttpLimits(given: Partial<HttpLimits> = {}): HttpLimits {
  checkOptions('limits', given);
  for (const name of Object.keys(given)) {
    if (Object.hasOwn(BOUNDS, name)) continue;
    throw new CalandriaError(
      'ERR_CALANDRIA_BAD_OPTION',
      `There is no limit ${name}; there are ${Object.keys(BOUNDS).join(', ')}.`,
    );
  }
  const limits: Record<string, number> = {};
  for (const [name, [preset, least, most]] of Object.entries(BOUNDS)) {
    const { [name as keyof HttpLimits]: value = preset } = given;
    if (!Number.isInteger(value) || value < least || value > most) {
      throw new CalandriaError(
        'ERR_CALANDRIA_BAD_OPTION',
        `limits.${name} is a whole number from ${least} to ${most}, not ${shown(value)}.`,
      );
    }
    limits[name] = value;
  }
  return limits as unknown as HttpLimits;
}
