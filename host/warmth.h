// Which part of a file's range is known to lie in the page cache: the kernel said so (cachestat(2),
// preadv2(2) with RWF_NOWAIT), or somebody has fetched it, and fetches the part behind it while it
// is being sent: the kernel's own threads or one of the pool. One for each operation that sends a
// file.
#pragma once

#include "pool.h"
#include "shim.h"

namespace calandria {

struct FileState;

/** A range that is being fetched. */
struct WarmJob {
  /** First: a request is its job. */
  Request request;
  /** Its own: the file may be closed while it runs. */
  int fd;
  uint64_t offset;
  uint64_t length;
};

struct Warmth {
  uint32_t generation;
  /** It was cold once: what follows is read ahead. */
  bool cold;
  /** Bytes up to this place of the file are known to be there, as of this time (ns). */
  uint64_t until;
  uint64_t since;
  /** What is under way, or null. */
  WarmJob* job;
};

/** What is to be sent: `length` bytes now, `remaining` in all. */
struct FileRange {
  FileState* file;
  int fd;
  uint32_t operation;
  uint32_t generation;
  uint64_t offset;
  uint32_t length;
  uint64_t remaining;
};

/**
 * Makes sure of a range. 0: it is there; 1: so it is, and what comes after it is being read;
 * -EINPROGRESS: it is being read, and a completion of the operation follows; -EBUSY: nobody is free
 * to read it.
 */
int warm(Shim* shim, const FileRange* range);

/** Hands all of it to a thread of the pool. 0, or -errno. */
int warm_by_thread(Shim* shim, WarmJob* job);

/** No thread works for it any more. */
void warm_close(Shim* shim);

}  // namespace calandria
