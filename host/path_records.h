// Records of changes as inotify(7) writes them, for systems that have none: what a batch of a path
// watch is made of (assembly/layout.ts, "Batches").
#pragma once

#include <cstdint>

namespace calandria {

// <sys/inotify.h>
constexpr uint32_t PATH_MODIFY = 0x2;
constexpr uint32_t PATH_ATTRIBUTES = 0x4;
constexpr uint32_t PATH_MOVED_FROM = 0x40;
constexpr uint32_t PATH_MOVED_TO = 0x80;
constexpr uint32_t PATH_CREATE = 0x100;
constexpr uint32_t PATH_DELETE = 0x200;
constexpr uint32_t PATH_DELETE_SELF = 0x400;
constexpr uint32_t PATH_MOVE_SELF = 0x800;
constexpr uint32_t PATH_OVERFLOW = 0x4000;

/** Those that nobody has taken yet. */
struct PathRecords {
  uint8_t* bytes;
  uint32_t start;
  uint32_t end;
  uint32_t cookie;
  /** The last one says that some are missing. */
  bool overflowed;
};

/** `name`: of a folder's entry, or null. */
void path_records_put(PathRecords* records, uint32_t mask, uint32_t cookie, const char* name);

/** Whole records, `most` bytes and `count` (0: any number) at the most; how many bytes. */
uint32_t path_records_take(PathRecords* records, uint8_t* target, uint32_t most, uint32_t count);

void path_records_free(PathRecords* records);

}  // namespace calandria
