// The kernel says so: cachestat(2), and preadv2(2) with RWF_NOWAIT.
#include "page_cache.h"

#include "system.h"

namespace calandria {

namespace {

constexpr uint64_t PAGE = 4096;
/** One byte in each step is asked for: a page that is there may still be under way (readahead). */
constexpr uint64_t STEP = 128 << 10;

struct CacheRange {
  uint64_t offset;
  uint64_t length;
};

struct CacheStatus {
  uint64_t cached;
  uint64_t dirty;
  uint64_t writeback;
  uint64_t evicted;
  uint64_t recently_evicted;
};

enum class Found { all, none, part, unknown };

Found look_up(int fd, uint64_t offset, uint64_t length) {
  const CacheRange range = {offset, length};
  CacheStatus status;
  if (system_cache_status(fd, &range, &status) < 0) return Found::unknown;
  const uint64_t pages = (offset + length + PAGE - 1) / PAGE - offset / PAGE;
  if (status.cached >= pages) return Found::all;
  return status.cached == 0 ? Found::none : Found::part;
}

enum class Readable { yes, no, unknown };

/** Could the byte there be read without waiting? */
Readable try_byte(int fd, uint64_t offset) {
  char byte;
  uint64_t interrupted = 0;
  const long result = system_read_cached(&interrupted, fd, &byte, sizeof byte, offset);
  if (result == -EOPNOTSUPP || result == -ENOSYS || result == -EINVAL) return Readable::unknown;
  // At the end of the file there is nothing to wait for either.
  return result >= 0 ? Readable::yes : Readable::no;
}

bool try_steps(int fd, uint64_t offset, uint64_t length, bool otherwise) {
  for (uint64_t at = offset + length - 1;; at -= STEP) {
    const Readable readable = try_byte(fd, at);
    if (readable == Readable::no) return false;
    if (readable == Readable::unknown) return otherwise;
    if (at - offset < STEP) return true;
  }
}

}  // namespace

bool page_cache_has(int fd, uint64_t offset, uint64_t length) {
  switch (look_up(fd, offset, length)) {
    case Found::all:
      return try_steps(fd, offset, length, true);
    case Found::none:
      // Not so when another file system keeps the pages (overlayfs): then bytes can be read.
      return try_byte(fd, offset) == Readable::yes && try_steps(fd, offset, length, false);
    default:
      return false;
  }
}

}  // namespace calandria
