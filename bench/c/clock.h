// Two clocks: the wall (monotonic) and the processor time of another process.

#ifndef BENCH_CLOCK_H
#define BENCH_CLOCK_H

#include <stdint.h>
#include <sys/types.h>
#include <time.h>

static inline uint64_t clock_nanoseconds(clockid_t clock) {
  struct timespec time;
  if (clock_gettime(clock, &time) != 0) return 0;
  return (uint64_t)time.tv_sec * 1000000000u + (uint64_t)time.tv_nsec;
}

static inline uint64_t now_nanoseconds(void) {
  return clock_nanoseconds(CLOCK_MONOTONIC);
}

// The sum over all threads of the process, those that already ended included: a server pays for
// its garbage collector and compiler threads too. The kernel brings a running thread up to date
// at each of its switches and timer ticks, so the error is at most one tick (1 to 10 ms).
static inline uint64_t process_cpu_nanoseconds(pid_t process) {
  clockid_t clock;
  if (process <= 0 || clock_getcpuclockid(process, &clock) != 0) return 0;
  return clock_nanoseconds(clock);
}

#endif
