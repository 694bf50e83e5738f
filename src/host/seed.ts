// A seed for a reactor that was given none. It is the only random draw in the project; every later
// one comes out of the core, and the seed is in the trace.
import { randomBytes } from 'node:crypto';

export function freshSeed(): bigint {
  return randomBytes(8).readBigUInt64LE();
}
