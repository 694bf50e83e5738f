// What handlers are told, by name: of the handler that hears it.
import * as layout from '../../assembly/layout';

const NAMES = {
  [layout.DELIVER_LISTENING]: 'listening',
  [layout.DELIVER_OPEN]: 'open',
  [layout.DELIVER_DATA]: 'data',
  [layout.DELIVER_CHANGE]: 'change',
  [layout.DELIVER_DRAIN]: 'drain',
  [layout.DELIVER_END]: 'end',
  [layout.DELIVER_ERROR]: 'error',
  [layout.DELIVER_CLOSE]: 'close',
  [layout.DELIVER_TIMER]: 'timer',
  [layout.DELIVER_DONE]: 'done',
  [layout.DELIVER_PART]: 'part',
  [layout.DELIVER_IDLE]: 'idle',
} as const;

export type DeliveryName = (typeof NAMES)[keyof typeof NAMES];

/** Undefined for a kind that does not exist. */
export function deliveryName(kind: number): DeliveryName | undefined {
  return NAMES[kind as keyof typeof NAMES];
}
