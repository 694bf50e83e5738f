// A thread that waits in the loop's place, for interfaces that have no descriptor which the loop
// could watch: poll(2) and select(2) are calls and nothing else.
//
// There is one array, and it has one holder. While the reactor sleeps the thread holds it: it is
// lent, and what the kernel answers is written into it. Whoever needs it before takes it back.
//
//             lend                  the kernel answers, the deadline passes
//   reactor ────────▶ thread ─────────────────────────────────────────────▶ reactor   `news` rings
//                            └──────── take back (`recall` rings) ─────────▶ reactor
#pragma once

#include <cstdint>
#include <poll.h>
#include <pthread.h>

#include "doorbell.h"

namespace calandria {

/**
 * Asks about `total` entries as poll(2) does, for at most so many ns (-1: for ever), and answers
 * into their `revents`. How many have something, or -errno.
 */
using Wait = int (*)(struct pollfd* entries, uint32_t total, int64_t nanoseconds);

struct Waiter {
  pthread_t thread;
  pthread_mutex_t lock;
  pthread_cond_t changed;
  Wait wait;
  /** What the loop watches: the array is back. */
  Doorbell news;
  /** The first entry of the array: it is wanted back. */
  Doorbell recall;
  // Under the lock.
  bool lent;
  bool recalled;
  bool stopping;
  struct pollfd* entries;
  uint32_t total;
  /** ns of CLOCK_MONOTONIC; 0: none. */
  uint64_t deadline;
  int result;
  // The reactor's own.
  bool open;
  /** Lent, and not taken back. */
  bool away;
  /** Somebody else has closed a doorbell (-errno): nothing would wake the loop any more. */
  int lost;
};

/** 0, or -errno; then nothing is left of it. */
int waiter_open(Waiter* waiter, Wait wait);

/**
 * Until it is taken back nobody else may touch the entries. The first of them is overwritten: it is
 * the waiter's.
 */
void waiter_lend(Waiter* waiter, struct pollfd* entries, uint32_t total, uint64_t deadline);

/** Has it back, at once. How many entries but the first have something, or -errno. */
int waiter_take(Waiter* waiter);

void waiter_close(Waiter* waiter);

}  // namespace calandria
