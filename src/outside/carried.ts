// What a job's outcome is turned into on its way to the loop: bytes, so that a trace has them and a
// replay reads the same. Values travel as structured clones (v8.serialize), errors by what they
// say.
import { deserialize, serialize } from 'node:v8';
import { CalandriaError } from '../errors';

/** How a job ended. */
export type Outcome =
  | { readonly failed: false; readonly value: unknown }
  | { readonly failed: true; readonly error: unknown };

/** An error as it travels: its name, message and stack, and its own plain properties. */
interface CarriedError {
  readonly name: string;
  readonly message: string;
  readonly stack: string | undefined;
  readonly properties: Readonly<Record<string, unknown>>;
  readonly cause: CarriedError | undefined;
}

type Carried =
  | { readonly job: string; readonly value: unknown }
  | { readonly job: string; readonly thrown: unknown }
  | { readonly job: string; readonly error: CarriedError };

/** Causes of causes that are carried. */
const CAUSES_MAX = 4;

const ERRORS: Readonly<Record<string, new (message: string) => Error>> = {
  EvalError,
  RangeError,
  ReferenceError,
  SyntaxError,
  TypeError,
  URIError,
};

/** By its shape: a worker, or a test runner, has other classes. */
function isError(value: unknown): value is Error {
  const error = value as Partial<Error> | null;
  return (
    typeof value === 'object' &&
    typeof error?.name === 'string' &&
    typeof error.message === 'string' &&
    'stack' in (error as object)
  );
}

function plain(value: unknown): boolean {
  return ['string', 'number', 'boolean', 'bigint'].includes(typeof value);
}

function flatten(error: Error, causes = CAUSES_MAX): CarriedError {
  const { name, message, stack, cause } = error;
  const own = Object.entries(error).filter(([key, value]) => key !== 'name' && plain(value));
  return {
    name,
    message,
    stack: typeof stack === 'string' ? stack : undefined,
    properties: Object.fromEntries(own),
    cause: causes > 0 && isError(cause) ? flatten(cause, causes - 1) : undefined,
  };
}

function restore({ name, message, stack, properties, cause }: CarriedError): Error {
  const error = new (ERRORS[name] ?? Error)(message);
  const hidden = { configurable: true, writable: true, enumerable: false };
  if (error.name !== name) Object.defineProperty(error, 'name', { ...hidden, value: name });
  if (stack !== undefined) Object.defineProperty(error, 'stack', { ...hidden, value: stack });
  if (cause) Object.defineProperty(error, 'cause', { ...hidden, value: restore(cause) });
  return Object.assign(error, properties);
}

/**
 * An outcome as bytes. A value that cannot be cloned (a function, a socket) becomes the error that
 * says so: never throws.
 */
export function encodeOutcome(job: string, outcome: Outcome): Uint8Array {
  try {
    if (!outcome.failed) return serialize({ job, value: outcome.value } satisfies Carried);
    const { error } = outcome;
    if (!isError(error)) return serialize({ job, thrown: error } satisfies Carried);
    return serialize({ job, error: flatten(error) } satisfies Carried);
  } catch (error) {
    return serialize({ job, error: flatten(error as Error) } satisfies Carried);
  }
}

/** What became of the job, which must be the one that was asked for. */
export function decodeOutcome(job: string, bytes: Uint8Array): Outcome {
  let carried: Carried;
  try {
    carried = deserialize(bytes) as Carried;
  } catch (cause) {
    const message = `The recorded outcome of the job ${JSON.stringify(job)} cannot be read.`;
    return { failed: true, error: new CalandriaError('ERR_CALANDRIA_TRACE', message, { cause }) };
  }
  if (carried.job !== job) {
    const message =
      `The program asks for the job ${JSON.stringify(job)},` +
      ` and the recording has the outcome of ${JSON.stringify(carried.job)}.`;
    return { failed: true, error: new CalandriaError('ERR_CALANDRIA_DIVERGED', message) };
  }
  if ('value' in carried) return { failed: false, value: carried.value };
  return { failed: true, error: 'error' in carried ? restore(carried.error) : carried.thrown };
}
