// Parsers of option values. They say what was given and what would have been right.
import { isIP } from 'node:net';
import { InvalidArgumentError } from 'commander';

/** A whole number from `least` to `most`. */
export function wholeNumber(least: number, most: number): (text: string) => number {
  return (text) => {
    const value = Number(text);
    if (!/^\d+$/.test(text) || value < least || value > most) {
      throw new InvalidArgumentError(`It is a whole number from ${least} to ${most}.`);
    }
    return value;
  };
}

/** A number above 0, with or without a fraction. */
export function positiveNumber(most: number): (text: string) => number {
  return (text) => {
    const value = Number(text);
    if (!/^\d+(\.\d+)?$/.test(text) || !(value > 0 && value <= most)) {
      throw new InvalidArgumentError(`It is a number above 0 and up to ${most}.`);
    }
    return value;
  };
}

/** A path; an empty one is what a variable leaves that was never set. */
export function filePath(text: string): string {
  if (text === '') throw new InvalidArgumentError('It is the name of a file, and not empty.');
  return text;
}

/** An address to listen on; an IPv6 address may be in brackets, as it is in a URL. */
export function listenAddress(text: string): string {
  const inner = /^\[(.*:.*)\]$/.exec(text)?.[1] ?? text;
  if (isIP(inner) === 0 && inner !== 'localhost') {
    throw new InvalidArgumentError('It is a numeric IPv4 or IPv6 address, or localhost.');
  }
  return inner;
}

export interface TurnRange {
  readonly first: number;
  readonly last: number;
}

/** "record:generation", as traces name connections. */
export function connectionName(text: string): string {
  if (!/^\d+:\d+$/.test(text)) {
    throw new InvalidArgumentError(
      'It is record:generation, like 5:1; `inspect --kind call` shows them.',
    );
  }
  return text;
}

/** A turn, or a range of turns whose ends may be open. */
export function turnRange(text: string): TurnRange {
  const match = /^(\d*)\.\.(\d*)$/.exec(text) ?? /^(\d+)$/.exec(text);
  const first = Number(match?.[1] || 1);
  const last = match?.[2] === undefined ? first : Number(match[2] || Number.POSITIVE_INFINITY);
  if (!match || first > last) {
    throw new InvalidArgumentError('It is a turn or a range of turns: 7, 7..9, 7.. or ..9.');
  }
  return { first, last };
}
