// Checkers watch, they never drive. Each knows one rule of the core and derives it anew from what
// can be seen: the memory, what the host answered, what was delivered.
import type { CoreHarness, Turn } from '../core-harness';
import type { Submission } from '../core-views';

export interface Checker {
  /** After turn(): deliveries and updates are there. */
  turn?(harness: CoreHarness, turn: Turn): void;
  /** After end(): so are the submissions. */
  end?(harness: CoreHarness, submissions: readonly Submission[]): void;
  /** After stop() and quiescence: nothing may be left. */
  finish?(harness: CoreHarness): void;
}

/** The rule broken, with what was seen. */
export function violated(rule: string, seen: unknown): never {
  throw new Error(`${rule}: ${JSON.stringify(seen)}`);
}

/** A name for one owner of a record. */
export function nameOf(of: { readonly record: number; readonly generation: number }): string {
  return `${of.record}.${of.generation}`;
}
