// The thread that waits in the loop's place.
import { join } from 'node:path';
import { withThreadSanitizer } from '../support/thread-sanitizer';

const source = join(__dirname, 'programs/waiter.cc');

withThreadSanitizer(
  'R0.12: lending and taking back loses nothing, and ThreadSanitizer finds no race',
  source,
  '3000 rounds\n',
);

withThreadSanitizer('the same with pipes in place of eventfds', source, '3000 rounds\n', [
  '-DCALANDRIA_NO_EVENTFD',
]);
