// Files and directories: everything about them is an operation, and no turn waits for a disk. What
// lies in the page cache is read at once; the rest goes to the kernel's queue or to a thread.
#pragma once

#include "slots.h"
#include "source.h"

namespace calandria {

/** Where the reading of a folder stands (file_system.h), where the kernel does not keep it. */
struct FileListing;

struct FileState {
  /** The open itself. */
  Request request;
  /** Its completion was not collected yet. */
  bool opening;
  /** Closed meanwhile: nobody but the request refers to this any more. */
  bool orphan;
  /** O_DIRECT took effect; then what transfers must be aligned to (bytes, a power of two). */
  bool direct;
  uint32_t align_memory;
  uint32_t align_offset;
  /** The file system answers RWF_NOWAIT, as far as is known. */
  bool nowait;
  int fd;
  /** This range was in the page cache at that time (ns); see warmth.h. */
  uint64_t warm_from;
  uint64_t warm_until;
  uint64_t warm_since;
  /** Of a direct one: the same file through the page cache, opened when first needed, or -1. */
  int buffered;
  /** FILE_BENEATH: a descriptor of the directory that it is opened beneath, until then; else -1. */
  int base;
  /** A symbolic link led to it; no other machine changes it (asked of what may be watched). */
  bool linked;
  bool local;
  FileListing* listing;
  /** 1 while a thread is at it. */
  int32_t listing_taken;
  int32_t flags;
  uint32_t mode;
  uint32_t type;
  uint64_t device;
  uint64_t inode;
  char path[];
};

extern const Source file_source;

int32_t file_open(Shim* shim, const OpenRequest* request, ReadRoom* room);

// ── What runs on a thread (file_jobs.cc) ──

int64_t file_run_open(Request* request);

/** `run` for a TASK_, or null. */
int64_t (*file_job(int task))(Request*);

/** A direct transfer from or to here goes past the page cache. */
bool file_aligned(const FileState* file, uint64_t offset, uint32_t length, const uint8_t* bytes);

/** Closes what it opened and frees it. */
void file_free(FileState* file);

}  // namespace calandria
