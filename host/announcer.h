// Counts what threads have finished, and wakes who waits for it: one eventfd(2) on Linux, elsewhere
// a counter beside an EVFILT_USER in a kqueue of its own.
#pragma once

#include <cstdint>

#include "identity.h"

namespace calandria {

struct Announcer {
  /** What to wait for. */
  int fd;
  /** The kqueue behind it, where there is one. */
  int queue;
  /** Counted and not taken, where the kernel does not count. */
  uint64_t waiting;
  /** One is taken at a time, for comparison (EFD_SEMAPHORE). */
  bool singly;
  /** What `fd` was opened as, where it is an eventfd. */
  Identity opened;
};

/** 0, or -errno: then nothing is left of it. */
int announcer_open(Announcer* announcer, bool singly);

/** 0, or -errno: it was closed by somebody else. */
int announcer_check(const Announcer* announcer);

/** From any thread: one more. Writes nothing to what is somebody else's by now. */
void announcer_ring(Announcer* announcer);

/** How many since it was last asked, or -EAGAIN; another -errno: it is lost. */
long announcer_take(Announcer* announcer, uint64_t* interrupted);

/** Closes it if it is still ours. */
void announcer_close(Announcer* announcer);

}  // namespace calandria
