// libkqueue on Linux: kqueue() answers one end of a pipe, by whose closing it learns that its owner
// is done, and keeps everything in an epoll instance of which it says nothing. The kernel does: an
// instance lists its members in /proc (proc(5), fdinfo), and one of them is the other end of that
// pipe.
#include "kqueue_library.h"

#ifdef CALANDRIA_KQUEUE

#include <cstdlib>
#include <cstring>
#include <dirent.h>
#include <stdio.h>

#include "system.h"

namespace calandria {

namespace {

bool same_file(int fd, const struct stat* file) {
  struct stat status;
  return system_status(fd, &status) == 0 && status.st_ino == file->st_ino &&
         status.st_dev == file->st_dev;
}

/**
 * Does this descriptor's instance hold another descriptor of that file, to be read? (The library
 * has one more that waits for its closing alone.)
 */
bool holds(const char* descriptor, const struct stat* file) {
  char path[64];
  char line[256];
  snprintf(path, sizeof path, "/proc/self/fdinfo/%.20s", descriptor);
  FILE* information = fopen(path, "re");
  if (information == nullptr) return false;
  bool found = false;
  while (!found && fgets(line, sizeof line, information) != nullptr) {
    int member;
    unsigned events;
    found = sscanf(line, "tfd: %d events: %x", &member, &events) == 2 &&
            (events & POLLIN) != 0 && same_file(member, file);
  }
  fclose(information);
  return found;
}

}  // namespace

int kqueue_watched(int fd) {
  struct stat file;
  const int known = system_status(fd, &file);
  if (known < 0) return known;
  DIR* folder = opendir("/proc/self/fdinfo");
  if (folder == nullptr) return -errno;
  int watched = -ENOENT;
  const struct dirent* entry;
  while (watched < 0 && (entry = readdir(folder)) != nullptr) {
    if (holds(entry->d_name, &file)) watched = atoi(entry->d_name);
  }
  closedir(folder);
  return watched;
}

}  // namespace calandria

#endif
