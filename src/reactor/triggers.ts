// Triggers, by name: how `change` is repeated (assembly/triggers.ts).
import * as layout from '../../assembly/layout';
import { CalandriaError, typeError } from '../errors';

/**
 * 'edge': once for each change. 'level': also in every turn that finds something to read which
 * nobody took, and the turns follow each other until it was. 'oneshot': once, until the trigger is
 * set again. 'dispatch': once, until enable().
 */
export type Trigger = 'edge' | 'level' | 'oneshot' | 'dispatch';

const BITS: Readonly<Record<Trigger, number>> = {
  edge: 0,
  level: layout.WORK_LEVEL,
  oneshot: layout.WORK_ONE_SHOT,
  dispatch: layout.WORK_DISPATCH,
};

/** All of them, by name. */
export const TRIGGERS = Object.keys(BITS) as readonly Trigger[];

/** The WORK_ bit of a trigger. */
export function triggerBit(trigger: unknown): number {
  if (typeof trigger !== 'string') throw typeError('trigger', "a trigger's name", trigger);
  const bit = Object.hasOwn(BITS, trigger) ? BITS[trigger as Trigger] : undefined;
  if (bit !== undefined) return bit;
  throw new CalandriaError(
    'ERR_CALANDRIA_BAD_OPTION',
    `trigger is one of ${TRIGGERS.join(', ')}, not ${JSON.stringify(trigger)}.`,
  );
}

/** The name of a WORK_ bit, for a trace's reader. */
export function triggerName(bit: number): string {
  return TRIGGERS.find((name) => BITS[name] === bit) ?? `trigger ${bit}`;
}
