// Names of hosts, by node:dns: outside of the loop, and in the trace.
import { promises as dns, type LookupAddress } from 'node:dns';
import { CalandriaError, shown, typeError } from '../errors';
import { checkFlag, checkOptions } from '../reactor/arguments';
import { type JobOptions, Outside } from './outside';

export interface LookupOptions extends JobOptions {
  /** Only addresses of IPv4 or of IPv6. Default 0: both. */
  readonly family?: 0 | 4 | 6;
  /** All addresses in place of the first. Default false. */
  readonly all?: boolean;
  /** Default 'verbatim': as the system has them. */
  readonly order?: Order;
}

type Order = 'verbatim' | 'ipv4first' | 'ipv6first';

const ORDERS: readonly Order[] = ['verbatim', 'ipv4first', 'ipv6first'];

function checkChoice(name: string, value: unknown, choices: readonly unknown[]): void {
  if (choices.includes(value)) return;
  throw new CalandriaError(
    'ERR_CALANDRIA_BAD_OPTION',
    `${name} is one of ${choices.map(shown).join(', ')}, not ${shown(value)}.`,
  );
}

/**
 * The address of a name, as dns.promises.lookup() finds it (getaddrinfo(3)): `{ address, family }`
 * for reactor.connect(), or with `all` a list of them. Rejects with its errors: ENOTFOUND, …
 */
export function lookup(
  outside: Outside,
  name: string,
  options: LookupOptions & { readonly all: true },
): Promise<LookupAddress[]>;
export function lookup(
  outside: Outside,
  name: string,
  options?: LookupOptions & { readonly all?: false },
): Promise<LookupAddress>;
export function lookup(
  outside: Outside,
  name: string,
  options: LookupOptions = {},
): Promise<LookupAddress | LookupAddress[]> {
  if (!(outside instanceof Outside)) throw typeError('outside', 'an Outside', outside);
  if (typeof name !== 'string') throw typeError('name', 'a string', name);
  checkOptions('options', options);
  const { family = 0, all = false, order = 'verbatim', ...job } = options;
  checkChoice('family', family, [0, 4, 6]);
  checkChoice('order', order, ORDERS);
  checkFlag('all', all);
  const what = [
    name,
    all ? 'all' : '',
    family ? `IPv${family}` : '',
    order === 'verbatim' ? '' : order,
  ];
  return outside.run(
    `look up ${what.filter((word) => word !== '').join(' ')}`,
    () => dns.lookup(name, { family, all, order }),
    job,
  );
}
