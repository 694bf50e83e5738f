// What a folder held when it was last looked at, so that a second look tells what changed:
// kqueue(2) says that something did, not what.
#pragma once

#include <cstdint>

#include "path_records.h"

namespace calandria {

struct FolderEntry {
  uint64_t inode;
  /** The file, to hear of its own changes; -1 when it is not watched. */
  int fd;
  /** Seen by the look that is going on. */
  bool seen;
  FolderEntry* next;
  char name[];
};

/** Most entries that are remembered, and most that are watched themselves. */
constexpr uint32_t FOLDER_ENTRIES_MAX = 8192;
constexpr uint32_t FOLDER_WATCHED_MAX = 256;

struct Folder {
  /** Where its files are watched. */
  int queue;
  FolderEntry* first;
  uint32_t total;
  uint32_t watched;
};

/** A file of the folder that is to be watched from now on: its descriptor, or -errno. */
using WatchEntry = int (*)(void* context, int folder, FolderEntry* entry);

/**
 * Looks, and writes down what changed since the last time (`records` null: nothing, for the first
 * look). 0, or -errno.
 */
int folder_look(Folder* folder, int fd, PathRecords* records, WatchEntry watch, void* context);

/** Before the queue is closed. */
void folder_free(Folder* folder);

}  // namespace calandria
