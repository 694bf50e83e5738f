// What systems do differently with files, for the threads of the pool (file_jobs.cc): how a status
// and a folder's entries are read, and how a file goes past the page cache.
#pragma once

#include <cstdint>
#include <cstring>

namespace calandria {

struct FileState;

/** STAT_SIZE bytes; how many, or -errno. */
int64_t file_stat(int fd, uint8_t* bytes);

/** The folder's next entries, as they fit; 0 at the end, or -errno. */
int64_t file_list(FileState* file, int fd, uint8_t* bytes, uint32_t length);

/** Nobody reads them any more. */
void file_list_end(FileState* file);

/** No other machine changes it, as far as is known. */
bool file_is_local(int fd);

/** Behind the open: sets `direct`, and what transfers must be aligned to. */
void file_go_direct(FileState* file);

inline void put_long(uint8_t* bytes, uint32_t offset, uint64_t value) {
  memcpy(bytes + offset, &value, sizeof value);
}

/** Nanoseconds since 1970: 64 bits reach from 1677 to 2262, file systems further. */
inline uint64_t file_time(int64_t seconds, int64_t nanoseconds) {
  int64_t result;
  if (__builtin_mul_overflow(seconds, INT64_C(1000000000), &result) ||
      __builtin_add_overflow(result, nanoseconds, &result)) {
    // The last that can be said.
    result = seconds < 0 ? INT64_MIN : INT64_MAX;
  }
  return static_cast<uint64_t>(result);
}

}  // namespace calandria
