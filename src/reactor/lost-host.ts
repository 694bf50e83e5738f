// A host that cannot wait any more: somebody else has closed the descriptor that it waits on.
import * as layout from '../../assembly/layout';
import { type ReactorMemory, word } from '../core/memory';
import { CalandriaError, errorText } from '../errors';

/** Those of a wait that no later one would be without. */
const FOR_GOOD = [layout.ERROR_BAD_DESCRIPTOR, layout.ERROR_INVALID];

/** Why no event will ever come, if this turn's wait says so. */
export function lostHost(memory: ReactorMemory, name: string): CalandriaError | undefined {
  const result = word(memory, layout.WAIT_RESULT);
  if (!FOR_GOOD.includes(-result)) return undefined;
  return new CalandriaError(
    'ERR_CALANDRIA_HOST',
    `Host ${name} cannot wait for events any more (${errorText(-result)}), and the reactor is` +
      ' closed: its notifier was closed by somebody else.',
  );
}
