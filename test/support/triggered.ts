// One program written for each trigger: an echo that takes what comes in small bites, asking for
// them from `change`. What a program must do to hear on is the difference between the triggers, and
// stands here in a line each.
import type { Connection, Handlers, Trigger } from '../../src';

const BITE = 7;

function bite(connection: Connection): void {
  const { available, eof } = connection.rx;
  if (available !== 0 || eof) connection.read(BITE);
}

/** What has to follow a bite, so that the rest is heard of. */
const GO_ON: Readonly<Record<Trigger, (connection: Connection) => void>> = {
  edge: bite,
  level() {},
  oneshot: (connection) => connection.setTrigger('oneshot'),
  dispatch: (connection) => connection.enable(),
};

export function biting(trigger: Trigger): Handlers {
  return {
    open(connection) {
      connection.read(0);
    },
    change(connection) {
      bite(connection);
      // Whatever was told, nothing may have been there to read.
      if (trigger !== 'edge') GO_ON[trigger](connection);
    },
    data(connection, bytes) {
      connection.write(bytes);
      GO_ON[trigger](connection);
    },
    end: (connection) => connection.end('that was all'),
  };
}
