// When small segments leave (TCP_NODELAY, MSG_MORE; tcp(7), send(2)). All that is written to a
// connection in one turn leaves in one send whatever the policy; it decides what TCP makes of that.
import * as layout from '../../assembly/layout';
import { CalandriaError, shown, typeError } from '../errors';

/**
 * 'latency': what was written leaves at once. 'bulk': TCP may hold a small segment back until the
 * one before it was acknowledged. 'auto': at once, unless more is queued behind it in this turn.
 */
export type Policy = 'latency' | 'bulk' | 'auto';

/** The value of OPTION. */
const VALUES: Readonly<Record<Policy, number>> = {
  latency: 1,
  bulk: 0,
  auto: layout.SOCKET_AUTO_DELAY,
};

export function policyValue(policy: Policy): number {
  if (typeof policy !== 'string') throw typeError('policy', "a policy's name", policy);
  const value = Object.hasOwn(VALUES, policy) ? VALUES[policy] : undefined;
  if (value !== undefined) return value;
  throw new CalandriaError(
    'ERR_CALANDRIA_BAD_OPTION',
    `policy is 'latency', 'bulk' or 'auto', not ${shown(policy)}.`,
  );
}

/** Bits of LISTEN and CONNECT. `noDelay` is what there was before policies: latency or bulk. */
export function policyBits(asked: {
  readonly policy?: Policy;
  readonly noDelay?: boolean;
}): number {
  const value = policyValue(asked.policy ?? ((asked.noDelay ?? true) ? 'latency' : 'bulk'));
  const auto = value === layout.SOCKET_AUTO_DELAY ? layout.SOCKET_AUTO_DELAY : 0;
  return value === 0 ? 0 : auto | layout.SOCKET_NO_DELAY;
}
