// What the exit code of every command means, and how an error becomes one.
import { CommanderError } from 'commander';
import { CalandriaError } from '../errors';

export const EXIT_FINE = 0;
/** The command did its work and found something: a divergence, a limit that will bite. */
export const EXIT_FINDING = 1;
/** The command line or its input cannot be used. */
export const EXIT_USAGE = 2;
/**
 * A defect of calandria itself: the only case in which a stack trace is shown. As in sysexits.h.
 */
export const EXIT_DEFECT = 70;

/** An error that its reader can mend: what is wrong, with the value, and what to do next. */
export class UserError extends Error {
  override readonly name = 'UserError';
  readonly next: string;

  constructor(message: string, next = '') {
    super(message);
    this.next = next;
  }
}

/** Says on stderr what went wrong, and answers the exit code. */
export function reportError(error: unknown): number {
  // Commander has written its message already. Help that was asked for comes this way too.
  if (error instanceof CommanderError) return error.exitCode === 0 ? EXIT_FINE : EXIT_USAGE;
  if (!isExpected(error)) {
    console.error(error);
    console.error('This is a defect of calandria, not of what you asked for; please report it.');
    return EXIT_DEFECT;
  }
  console.error(`error: ${error.message}`);
  if (error instanceof UserError && error.next) console.error(error.next);
  return EXIT_USAGE;
}

/** Errors of ours and of the operating system are about what the user gave us. */
function isExpected(error: unknown): error is Error {
  if (error instanceof UserError || error instanceof CalandriaError) return true;
  return error instanceof Error && 'code' in error && 'syscall' in error;
}
