// What listen and connect ask for, checked before anything native is touched.
import * as layout from '../../assembly/layout';
import { CalandriaError, typeError } from '../errors';
import { checkEndpoint, type Endpoint } from './address';
import { checkFlags, checkSignal } from './arguments';
import { type Policy, policyBits } from './policy';
import { type Trigger, triggerBit } from './triggers';

export interface ListenOptions extends Endpoint {
  /** Most connections that may wait to be accepted. Default 511. */
  readonly backlog?: number;
  readonly reusePort?: boolean;
  /**
   * A descriptor that listens already, in place of where to, handed over by the process that
   * started this one. It is closed with the listener, unless it is `shared`.
   */
  readonly fd?: number;
  /** Others listen on `fd` too, like another reactor: a duplicate is used, `fd` stays theirs. */
  readonly shared?: boolean;
  /** Most connections of this listener that are open at once; others wait. Default: no bound. */
  readonly admit?: number;
  /** When small segments leave. Default 'latency'. */
  readonly policy?: Policy;
  /** The short form: true is `policy: 'latency'`, false `'bulk'`. */
  readonly noDelay?: boolean;
  readonly keepAlive?: boolean;
  /** How `change` is repeated; a listener's also for what it accepts. Default 'edge'. */
  readonly trigger?: Trigger;
  /** On an IPv6 address: do not take IPv4 too. */
  readonly ipv6Only?: boolean;
  /** Closes the listener when aborted. */
  readonly signal?: AbortSignal;
}

export type ConnectOptions = Omit<
  ListenOptions,
  'admit' | 'backlog' | 'fd' | 'ipv6Only' | 'reusePort' | 'shared'
>;

/** As the core takes it. */
export interface CheckedSocket {
  readonly name: string;
  readonly port: number;
  /** SOCKET_ bits. */
  readonly bits: number;
  /** The backlog; with SOCKET_GIVEN a descriptor. */
  readonly extra: number;
  /** What errors name. */
  readonly subject: string;
}

const FD_MAX = 2 ** 31 - 1;
/** What was settled when a descriptor began to listen. */
const SETTLED = ['address', 'port', 'path', 'backlog', 'reusePort', 'ipv6Only'] as const;
/** What connections inherit from the listener, whoever accepts them. */
const INHERITED = ['policy', 'noDelay', 'keepAlive'] as const;

export function checkSocket(options: ListenOptions, dial: boolean, backlog: number): CheckedSocket {
  const given = dial ? undefined : checkGiven(options);
  const { name, port, local } = given ?? checkEndpoint(options, dial);
  checkFlags(options, 'reusePort', 'noDelay', 'keepAlive', 'ipv6Only', 'shared');
  checkSignal(options.signal);
  const policy = policyBits(options);
  if (options.trigger !== undefined) triggerBit(options.trigger);
  const bits =
    (options.reusePort ? layout.SOCKET_REUSE_PORT : 0) |
    (local ? layout.SOCKET_LOCAL : policy) |
    (options.keepAlive && !local ? layout.SOCKET_KEEP_ALIVE : 0) |
    (options.ipv6Only ? layout.SOCKET_IPV6_ONLY : 0) |
    (given ? layout.SOCKET_GIVEN : 0) |
    (given && options.shared ? layout.SOCKET_SHARED : 0);
  const subject = local || given ? name : `${name}:${port}`;
  return { name, port, bits, extra: given?.fd ?? backlog, subject };
}

/** A descriptor in place of an endpoint; undefined without `fd`. */
function checkGiven(options: ListenOptions) {
  const { fd, shared } = options ?? {};
  if (fd === undefined) {
    if (!shared) return undefined;
    throw new CalandriaError('ERR_CALANDRIA_USAGE', '`shared` says who else has `fd`: give both.');
  }
  if (!Number.isInteger(fd) || fd < 0 || fd > FD_MAX) {
    throw typeError('fd', `a descriptor, a whole number from 0 to ${FD_MAX}`, fd);
  }
  const settled = SETTLED.find((name) => options[name] !== undefined);
  if (settled) throw notChosen(settled, fd, 'it listens already');
  const inherited = INHERITED.find((name) => options[name] !== undefined);
  if (shared && inherited) {
    throw notChosen(inherited, fd, 'those who share it would have it too (set it on connections)');
  }
  return { name: `descriptor ${fd}`, port: 0, local: false, fd };
}

function notChosen(name: string, fd: number, why: string): CalandriaError {
  const reason = `\`${name}\` cannot be chosen for fd ${fd}: ${why}. Leave it out.`;
  return new CalandriaError('ERR_CALANDRIA_USAGE', reason);
}
