// Whether a descriptor is still the file that it was opened as. Whoever closes a descriptor that is
// not theirs leaves its number to the next file, which is then read, written and waited for in its
// place.
#pragma once

#include "system.h"

namespace calandria {

/** What fstat(2) tells files apart by. */
struct Identity {
  dev_t device;
  ino_t inode;
};

/** 0, or -errno. */
inline int identity_take(int fd, Identity* identity) {
  struct stat status;
  const int result = system_status(fd, &status);
  if (result == 0) *identity = {status.st_dev, status.st_ino};
  return result;
}

/**
 * 0, or -EBADF: it was closed, and its number may be another file's. Linux's anonymous files
 * (eventfds, epoll sets, timers, rings) are one file to fstat(2), which does not tell them apart.
 */
inline int identity_check(int fd, const Identity* identity) {
  Identity now = {};
  const int result = identity_take(fd, &now);
  if (result < 0) return result;
  return now.device == identity->device && now.inode == identity->inode ? 0 : -EBADF;
}

}  // namespace calandria
