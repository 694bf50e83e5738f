// What the tests of the host on io_uring share.
import { hosts, type NativeOptions, uring } from '../../src';
import { testWith } from './commands';
import { type Served, serve } from './serve';

const candidate = hosts.find(({ name }) => name === 'uring');

/** Empty where io_uring can be had, else why not. */
export const ringMissing = candidate?.missing() ?? 'there is no such host';

export const onRing = testWith(ringMissing === '', `io_uring (${ringMissing})`);

type Serve = typeof serve;

/** A reactor on io_uring that listens; options of the host are beside those of the reactor. */
export function serveOnRing(
  handlers: Parameters<Serve>[0],
  { ring = {}, ...options }: Parameters<Serve>[1] & { readonly ring?: NativeOptions } = {},
  listen: Parameters<Serve>[2] = { port: 0 },
): Promise<Served> {
  return serve(handlers, { ...options, host: uring(ring) }, listen);
}
