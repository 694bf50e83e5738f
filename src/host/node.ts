import type { Host } from './host';
export function node(): Host {
  throw new Error('not yet');
}
