// A bounded pool of threads for what may wait for a disk: opening, reading what is not cached,
// syncing. One a shim; its threads start when they are first needed and end with it.
#pragma once

#include <cstdint>
#include <pthread.h>

namespace calandria {

struct Shim;
struct Completions;

/**
 * Something that is answered later, as one completion. Belongs to who starts it, and stays where it
 * is until `release`; from its start to its collection nobody else touches it.
 */
struct Request {
  Request* next;
  /** On a thread of the pool: touches this request and what it points to, nothing of the shim. */
  int64_t (*run)(Request* request);
  /**
   * On the shim's thread, once: after its completion was told, or when the shim closes (then the
   * completion was not told, and `run` perhaps never called).
   */
  void (*release)(Shim* shim, Request* request);
  /** COMPLETION_OPERATION and COMPLETION_GENERATION. */
  uint32_t operation;
  uint32_t generation;
  int32_t via;
  /** 0 or more, or -errno. */
  int64_t result;
  /** Where the first `result` bytes lie that it brings; null when it brings none. */
  const uint8_t* bytes;
};

constexpr int POOL_THREADS = 4;
/** Requests that may wait for a thread: more than there can be records and operations. */
constexpr uint32_t POOL_QUEUE_MAX = 1u << 21;

struct Pool {
  Completions* completions;
  pthread_mutex_t lock;
  /** Something was queued, or the pool is stopping. */
  pthread_cond_t work;
  Request* first;
  Request* last;
  uint32_t queued;
  int idle;
  /** Under the lock; a request that waits may look at it without. */
  bool stopping;
  int threads;
  pthread_t ids[POOL_THREADS];
};

void pool_open(Pool* pool, Completions* completions);

/** 0, or -EAGAIN: too many wait, or no thread could be started. */
int pool_start(Pool* pool, Request* request);

/** Waits for what is running, and no longer; answers what was still queued. */
Request* pool_close(Pool* pool);

}  // namespace calandria
