// Protocols for the kit that answer with what they hear, and note it.
import type { Lower, Protocol } from '../../src/protocols';
import type { Note } from '../../src/protocols/kit';

/** Answers each message with itself, and notes all that it hears. */
export function echo<Message extends Uint8Array | string>(
  note: Note,
): Protocol<Lower<Uint8Array | string>, Message> {
  return {
    name: 'echo',
    open: () => note('open'),
    data(link, message) {
      note(message);
      link.write(message);
    },
    end(link) {
      note('end');
      link.end();
    },
    error: (_, error) => note((error as NodeJS.ErrnoException).code ?? String(error)),
    close: () => note('close'),
  };
}
