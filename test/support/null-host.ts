// A host for tests of the reactor alone: no sockets, no clock; turns happen when the test says so.
import * as layout from '../../assembly/layout';
import type { Host, Reactor, Seam } from '../../src';

const CONNECTION_REFUSED = 111;

export interface NullHost extends Host {
  readonly held: boolean;
  /** Runs one turn; a dial is refused, any other operation succeeds. */
  turn(): void;
  /** The same, with something between the handlers and the end. */
  turnWith(between: () => Promise<void>): Promise<void>;
  /** Closes the reactor and runs turns until it is. */
  finish(reactor: Reactor): Promise<void>;
}

export function nothing(): NullHost {
  let seam: Seam | undefined;
  let held = false;
  const submit = ({ memory }: Seam): void => {
    const { words } = memory;
    const total = words[layout.SUBMISSION_COUNT >> 2] as number;
    const base = words[layout.SUBMISSIONS_BASE >> 2] as number;
    for (let at = base; at < base + total * layout.SUBMISSION_SIZE; at += layout.SUBMISSION_SIZE) {
      const operation = memory.bytes[at + layout.SUBMISSION_OPERATION];
      const refused =
        operation === layout.OPERATION_CONNECT || operation === layout.OPERATION_LISTEN;
      words[(at + layout.SUBMISSION_RESULT) >> 2] = refused ? -CONNECTION_REFUSED : 0;
    }
    words[layout.SUBMISSION_DONE >> 2] = total;
  };
  const begin = (): void => {
    if (seam) submit(seam);
    seam?.ingest();
    seam?.deliver();
  };
  const turn = (): void => {
    begin();
    seam?.end();
  };
  return {
    name: 'nothing',
    get held() {
      return held;
    },
    open(given) {
      seam = given;
    },
    wake() {},
    hold(hold) {
      held = hold;
    },
    close() {
      seam = undefined;
    },
    turn,
    async turnWith(between) {
      begin();
      await between();
      seam?.end();
    },
    async finish(reactor) {
      const closed = reactor.close();
      while (seam) turn();
      await closed;
    },
  };
}
