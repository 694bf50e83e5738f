// What can be chosen about a host in C++.
import { inspect } from 'node:util';
import { CalandriaError } from '../errors';

export interface NativeOptions {
  /** Microseconds to spin before sleeping. It buys latency with a core. Default 0. */
  readonly spin?: number;
  /**
   * When to look for completions of operations: when they were announced (default), or in every
   * turn while some are under way.
   */
  readonly collect?: 'announced' | 'always';
  /**
   * What one look at the announcements takes: all of them (default), or one (EFD_SEMAPHORE of
   * eventfd(2)), for comparison.
   */
  readonly announcements?: 'all' | 'each';
  /**
   * How many notifiers share the descriptors, 1 to 8; each turn asks one of those that have
   * something, in turn. Default 1.
   */
  readonly notifiers?: number;
  /**
   * How many events one look takes: 8 at first, and more or fewer as looks come back full or mostly
   * empty (default); or as many as the limit `events` allows.
   */
  readonly vector?: 'adaptive' | 'full';
  /**
   * Of epoll: registered once and told of edges (default); or told of levels, or once until it is
   * registered again, for comparison.
   */
  readonly registration?: 'edge' | 'level' | 'oneshot';
  /**
   * Of uring: how much one system call hands over at the most, a power of two from 8 to 4,096; the
   * ring of completions has eight times as many. Default 256.
   */
  readonly entries?: number;
  /**
   * Of uring: whose memory the rings lie in, the kernel's (default) or the core's, which then reads
   * completions where the kernel wrote them (Linux 6.5, IORING_SETUP_NO_MMAP). Where the kernel
   * refuses that they lie in its own all the same, and `ringsIn()` of the host says why.
   */
  readonly rings?: 'kernel' | 'core';
}

/** A second: beyond it nothing is gained that a busy loop of one's own would not give. */
const SPIN_MAX = 1e6;
/** Of uring: `entries`. */
export const ENTRIES_USUAL = 256;
/** As NOTIFIERS_MAX in host/nested.h. */
const NOTIFIERS_MAX = 8;
function checkChoice(name: string, value: string, choices: readonly string[]): void {
  if (choices.includes(value)) return;
  throw new CalandriaError(
    'ERR_CALANDRIA_BAD_OPTION',
    `${name} is ${choices.map((choice) => `'${choice}'`).join(' or ')}, not ${inspect(value)}.`,
  );
}

/** With what was left out; throws ERR_CALANDRIA_BAD_OPTION. */
export function checkNativeOptions(name: string, options: NativeOptions): Required<NativeOptions> {
  const { spin = 0, collect = 'announced', announcements = 'all' } = options;
  const { notifiers = 1, vector = 'adaptive', registration = 'edge' } = options;
  const { entries = ENTRIES_USUAL, rings = 'kernel' } = options;
  checkChoice('vector', vector, ['adaptive', 'full']);
  if (!Number.isInteger(notifiers) || notifiers < 1 || notifiers > NOTIFIERS_MAX) {
    throw new CalandriaError(
      'ERR_CALANDRIA_BAD_OPTION',
      `notifiers is a whole number from 1 to ${NOTIFIERS_MAX}, not ${inspect(notifiers)}.`,
    );
  }
  checkChoice('collect', collect, ['announced', 'always']);
  checkChoice('announcements', announcements, ['all', 'each']);
  if (typeof spin !== 'number' || !(spin >= 0 && spin <= SPIN_MAX)) {
    throw new CalandriaError(
      'ERR_CALANDRIA_BAD_OPTION',
      `spin is from 0 to ${SPIN_MAX} microseconds, not ${String(spin)}.`,
    );
  }
  const sized = typeof entries === 'number' && entries >= 8 && entries <= 4096;
  if (!sized || !Number.isInteger(Math.log2(entries))) {
    throw new CalandriaError(
      'ERR_CALANDRIA_BAD_OPTION',
      `entries is a power of two from 8 to 4,096, not ${inspect(entries)}.`,
    );
  }
  checkChoice('rings', rings, ['kernel', 'core']);
  if (name !== 'uring' && rings !== 'kernel') {
    throw new CalandriaError(
      'ERR_CALANDRIA_BAD_OPTION',
      `rings is for uring, not for ${name}: ${inspect(rings)}.`,
    );
  }
  checkChoice('registration', registration, ['edge', 'level', 'oneshot']);
  // Edges are what several notifiers and epoll have in common.
  const edges = name === 'epoll' && registration === 'edge';
  if (notifiers !== 1 && !edges) {
    throw new CalandriaError(
      'ERR_CALANDRIA_BAD_OPTION',
      `notifiers is 1 but on epoll, edge-triggered, not ${inspect(notifiers)}.`,
    );
  }
  if (name !== 'epoll' && registration !== 'edge') {
    throw new CalandriaError(
      'ERR_CALANDRIA_BAD_OPTION',
      `registration is for epoll, not for ${name}: ${inspect(registration)}.`,
    );
  }
  return { spin, collect, announcements, notifiers, vector, registration, entries, rings };
}
