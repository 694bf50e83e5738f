// Signals by name. The numbers are Linux's on every host (signal(7)), as with errors, so that a
// trace means the same everywhere; a host in JavaScript goes by the name.
import { CalandriaError, shown, typeError } from '../errors';

const NAMES: Readonly<Record<number, string>> = {
  1: 'SIGHUP',
  2: 'SIGINT',
  3: 'SIGQUIT',
  4: 'SIGILL',
  5: 'SIGTRAP',
  6: 'SIGABRT',
  7: 'SIGBUS',
  8: 'SIGFPE',
  9: 'SIGKILL',
  10: 'SIGUSR1',
  11: 'SIGSEGV',
  12: 'SIGUSR2',
  13: 'SIGPIPE',
  14: 'SIGALRM',
  15: 'SIGTERM',
  16: 'SIGSTKFLT',
  17: 'SIGCHLD',
  18: 'SIGCONT',
  19: 'SIGSTOP',
  20: 'SIGTSTP',
  21: 'SIGTTIN',
  22: 'SIGTTOU',
  23: 'SIGURG',
  24: 'SIGXCPU',
  25: 'SIGXFSZ',
  26: 'SIGVTALRM',
  27: 'SIGPROF',
  28: 'SIGWINCH',
  29: 'SIGIO',
  30: 'SIGPWR',
  31: 'SIGSYS',
};

const NUMBERS = new Map(Object.entries(NAMES).map(([number, name]) => [name, Number(number)]));
/** The C library keeps 32 and 33 for its threads (signal(7), nptl(7)). */
const REAL_TIME_FIRST = 34;
const REAL_TIME_LAST = 64;
/** The kernel lets nobody hear of these. */
const UNSEEN = ['SIGKILL', 'SIGSTOP'];
/** Raised by a fault, which a handler that returns would only meet again. */
const FAULTS = ['SIGBUS', 'SIGFPE', 'SIGILL', 'SIGSEGV'];

/** `SIGRT34` and so on for those that have no name of their own. */
export function signalName(number: number): string {
  return NAMES[number] ?? `SIGRT${number}`;
}

/** The number of a signal given by name or number; refused by name when there is none such. */
export function signalNumber(signal: string | number): number {
  if (typeof signal !== 'string' && typeof signal !== 'number') {
    throw typeError('signal', "a signal's name or number", signal);
  }
  const number = typeof signal === 'number' ? signal : NUMBERS.get(signal);
  if (number !== undefined && (NAMES[number] || realTime(number))) return number;
  throw new CalandriaError('ERR_CALANDRIA_BAD_OPTION', `There is no signal ${shown(signal)}.`);
}

function realTime(number: number): boolean {
  return Number.isInteger(number) && number >= REAL_TIME_FIRST && number <= REAL_TIME_LAST;
}

/** Refuses, by name, what no program can watch. */
export function checkWatchable(number: number): void {
  const name = signalName(number);
  const reason = UNSEEN.includes(name)
    ? 'the kernel acts on it itself (signal(7))'
    : FAULTS.includes(name)
      ? 'a handler that returns from the fault would only meet it again'
      : undefined;
  if (!reason) return;
  throw new CalandriaError('ERR_CALANDRIA_BAD_OPTION', `${name} cannot be watched: ${reason}.`);
}
