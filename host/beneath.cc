#include "beneath.h"

#include <cstring>
#include <limits.h>

#include "probe.h"
#include "system.h"

namespace calandria {

namespace {

/** struct open_how (openat2(2)). */
struct OpenHow {
  uint64_t flags;
  uint64_t mode;
  uint64_t resolve;
};

// <linux/openat2.h>
constexpr uint64_t NO_MAGIC_LINKS = 0x02;
constexpr uint64_t NO_SYMLINKS = 0x04;
constexpr uint64_t BENEATH = 0x08;

#ifdef O_LARGEFILE
constexpr int READING = O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC | O_LARGEFILE;
#else
constexpr int READING = O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC;
#endif
#ifdef O_PATH
constexpr int LOOKING = O_PATH | O_CLOEXEC;
#else
constexpr int LOOKING = O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC;
#endif
/** openat2(2): with ".." in a link, a rename anywhere may ask for another try. */
constexpr int TRIES = 16;

bool servable(mode_t mode) { return S_ISREG(mode) || S_ISDIR(mode); }

/** The descriptor again if it is of something that may be read, else closed. */
int checked(int fd) {
  if (fd < 0) return fd;
  struct stat status;
  int result = system_status(fd, &status);
  if (result == 0) result = servable(status.st_mode) ? fd : -ENXIO;
  if (result < 0) system_close(fd);
  return result;
}

int resolve(int directory, const char* path, int flags, uint64_t how) {
  const OpenHow wanted = {static_cast<uint64_t>(flags), 0, how};
  int fd = -EAGAIN;
  for (int tries = 0; fd == -EAGAIN && tries < TRIES; tries++) {
    fd = system_open_resolved(directory, path, &wanted, sizeof wanted);
  }
  return fd;
}

/** Looks before it opens; what was opened is looked at too, because it may be another by then. */
int open_resolved(int directory, const char* path, uint64_t how) {
  const int seen = checked(resolve(directory, path, LOOKING, how));
  if (seen < 0) return seen;
  system_close(seen);
  return checked(resolve(directory, path, READING, how));
}

/** The last name of a path, in a directory. */
int open_last(int directory, const char* name) {
  struct stat status;
  const int known = system_status_in(directory, name, &status);
  if (known < 0) return known;
  if (S_ISLNK(status.st_mode)) return -ELOOP;
  if (!servable(status.st_mode)) return -ENXIO;
  return checked(system_open_in(directory, name, READING | O_NOFOLLOW));
}

/** Without openat2(2): name by name. No link is followed, for who could say where it leads. */
int walk(int directory, const char* path) {
  int at = directory;
  int result = -ENOENT;
  const char* rest = path;
  for (;;) {
    char name[NAME_MAX + 1];
    const size_t length = strcspn(rest, "/");
    const bool last = rest[length] == 0;
    if (length > NAME_MAX) result = -ENAMETOOLONG;
    else if (length == 0) result = -ENOENT;
    else {
      memcpy(name, rest, length);
      name[length] = 0;
      if (strcmp(name, "..") == 0) result = -EXDEV;
      else if (last) result = open_last(at, name);
      else result = system_open_in(at, name, LOOKING | O_DIRECTORY | O_NOFOLLOW);
    }
    if (at != directory) system_close(at);
    if (result < 0 || last) return result;
    at = result;
    rest += length + 1;
  }
}

}  // namespace

int beneath_open(int directory, const char* path, bool* linked) {
  *linked = false;
  const uint64_t how = BENEATH | NO_MAGIC_LINKS;
  int fd = without("openat2") ? -ENOSYS : open_resolved(directory, path, how | NO_SYMLINKS);
  if (fd == -ELOOP) {
    *linked = true;
    fd = open_resolved(directory, path, how);
  }
  // EPERM is what filters of system calls say that are older than the call.
  return fd == -ENOSYS || fd == -EPERM ? walk(directory, path) : fd;
}

}  // namespace calandria
