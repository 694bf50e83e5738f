// What is answered later, and how the core hears of it (assembly/merged.ts): every completion is
// announced on one descriptor in the notifier's set, and collected as records with the bytes that
// they brought.
#pragma once

#include "announcer.h"
#include "pool.h"
#include "room.h"

namespace calandria {

struct Aio;

struct Completions {
  Announcer announcer;
  Pool pool;
  /** The kernel's queue; null until it is first used. */
  Aio* aio;
  /** Completions that were announced and that the core must not count. */
  uint64_t uncounted;
  /** Finished by threads, in order; under the lock. */
  pthread_mutex_t lock;
  Request* finished;
  Request* finished_last;
  /** Taken over from there and from the kernel, in order: the shim's thread alone. */
  Request* ready;
  Request* ready_last;
};

/** Makes what completions need, the first time. 0, or -errno. */
int completions_ensure(Shim* shim);

/** Hands a request to the pool. 0, or -errno: then it is the caller's again. */
int completions_start(Shim* shim, Request* request);

/** From any thread: the request is done. */
void completions_finish(Completions* completions, Request* request);

/** On the shim's thread: done and announced by the kernel. */
void completions_ready(Completions* completions, Request* request);

/** ANNOUNCED: how many since it was last asked, or -EAGAIN. */
int32_t completions_announced(Shim* shim);

/** 0, or -errno: what is under way would be waited for in vain, for what announces it is lost. */
int completions_check(const Shim* shim);

/** COLLECT: bytes of completion records, their address in the entry. */
int32_t completions_collect(Shim* shim, uint32_t entry, ReadRoom* room);

/** Waits for all that is under way, and forgets it. The descriptors it uses are still open. */
void completions_close(Shim* shim);

}  // namespace calandria
