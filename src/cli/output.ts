// Stdout, and what becomes of a command when nobody takes it.
import { EXIT_FINE, EXIT_USAGE } from './exit';

let needed = true;

/** The reader of our output may have enough of it: `calandria inspect a.trace | head`. */
export function endWithOutput(): void {
  process.stdout.on('error', (error: NodeJS.ErrnoException) => {
    // Who printed hears of it.
    if (!needed) return;
    if (error.code === 'EPIPE') process.exit(EXIT_FINE);
    console.error(`error: the output cannot be written: ${error.message}`);
    process.exit(EXIT_USAGE);
  });
}

/** From now on the command goes on without its output, as a server does. */
export function outliveOutput(): void {
  needed = false;
}

/** Resolves when the system has it; rejects when nobody will. */
export function print(text: string): Promise<void> {
  return new Promise((resolve, reject) => {
    process.stdout.write(text, (error) => (error ? reject(error) : resolve()));
  });
}

/** The command is over: what nobody takes from stdout must not keep the process. */
export function leaveOutput(): void {
  if (process.stdout.writableLength > 0) process.exit();
}
