// Checks of arguments: a wrong type is found here, before the core or the host hears of the call.
import { CalandriaError, typeError } from '../errors';

/** An object of options, or nothing. */
export function checkOptions(name: string, value: unknown): void {
  if (typeof value !== 'object' || value === null) throw typeError(name, 'an object', value);
}

export function checkFlag(name: string, value: unknown): void {
  if (value !== undefined && typeof value !== 'boolean') {
    throw typeError(name, 'true or false', value);
  }
}

/** A number of things, at least one; a word in the core. */
export function checkCount(name: string, value: unknown): void {
  if (Number.isInteger(value) && (value as number) >= 1 && (value as number) < 2 ** 31) return;
  throw typeError(name, 'a whole number from 1 to 2147483647', value);
}

/** A whole number from `least` to `most`. */
export function checkWhole(name: string, value: unknown, most: number, least = 0): number {
  if (typeof value !== 'number') throw typeError(name, 'a number', value);
  if (!Number.isInteger(value) || value < least || value > most) {
    throw new CalandriaError(
      'ERR_CALANDRIA_BAD_OPTION',
      `${name} is a whole number from ${least} to ${most}, not ${value}.`,
    );
  }
  return value;
}

export function checkFlags<Name extends string>(
  options: { readonly [Key in Name]?: unknown },
  ...names: Name[]
): void {
  for (const name of names) checkFlag(name, options[name]);
}

/** Handlers: an object whose properties of these names, where there are any, are functions. */
export function checkFunctions(name: string, value: unknown, names: readonly string[]): void {
  if (typeof value !== 'object' || value === null) {
    throw typeError(name, 'an object of functions', value);
  }
  for (const key of names) {
    const found = (value as Readonly<Record<string, unknown>>)[key];
    if (found !== undefined && typeof found !== 'function') {
      throw typeError(`${name}.${key}`, 'a function', found);
    }
  }
}

/** By its shape: a test runner's realm, or a polyfill, has another class. */
export function checkSignal(value: unknown): void {
  if (value === undefined) return;
  const signal = value as Partial<AbortSignal> | null;
  const shaped =
    typeof value === 'object' &&
    typeof signal?.aborted === 'boolean' &&
    typeof signal.addEventListener === 'function';
  if (!shaped) throw typeError('signal', 'an AbortSignal', value);
}

/** A trace whose program has no name or no parameters could not be read again. */
export function checkProgram(value: unknown): void {
  if (value === undefined || value === null) return;
  checkOptions('program', value);
  const { name, parameters } = value as { name?: unknown; parameters?: unknown };
  if (typeof name !== 'string') throw typeError('program.name', 'a string', name);
  checkOptions('program.parameters', parameters);
}

export function checkSampling(value: unknown): void {
  if (value === undefined || value === 'none' || value === 'turn') return;
  if (typeof value !== 'string') throw typeError('sampling', "'none' or 'turn'", value);
  throw new CalandriaError(
    'ERR_CALANDRIA_BAD_OPTION',
    `sampling is 'none' or 'turn', not ${JSON.stringify(value)}.`,
  );
}

const SEED_END = 2n ** 64n;

export function checkSeed(value: unknown): void {
  if (typeof value !== 'bigint') throw typeError('seed', 'a bigint', value);
  if (value >= 0n && value < SEED_END) return;
  throw new CalandriaError(
    'ERR_CALANDRIA_BAD_OPTION',
    `seed is a bigint from 0 to 2^64 - 1, not ${value}.`,
  );
}
