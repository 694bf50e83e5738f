// select(2): three sets of bits, one for each thing to ask, and no room for a descriptor from
// FD_SETSIZE on: its bit would lie behind the set.
#include <cerrno>

#include "interfaces.h"
#include "levels.h"
#include "system.h"

namespace calandria {

namespace {

struct Sets {
  fd_set read;
  fd_set write;
  fd_set except;
};

/** The sets that the entries ask for; answers the highest descriptor in them, or -1. */
int fill(Sets* sets, const struct pollfd* entries, uint32_t total) {
  FD_ZERO(&sets->read);
  FD_ZERO(&sets->write);
  FD_ZERO(&sets->except);
  int highest = -1;
  for (uint32_t place = 0; place < total; place++) {
    const struct pollfd* entry = &entries[place];
    if (entry->fd < 0 || entry->fd >= FD_SETSIZE) continue;
    if ((entry->events & POLLIN) != 0) FD_SET(entry->fd, &sets->read);
    if ((entry->events & POLLOUT) != 0) FD_SET(entry->fd, &sets->write);
    if ((entry->events & POLLPRI) != 0) FD_SET(entry->fd, &sets->except);
    if (entry->fd > highest) highest = entry->fd;
  }
  return highest;
}

/** What the kernel left in the sets, as poll(2) would say it; how many entries have something. */
int spread(const Sets* sets, struct pollfd* entries, uint32_t total) {
  int found = 0;
  for (uint32_t place = 0; place < total; place++) {
    struct pollfd* entry = &entries[place];
    entry->revents = 0;
    if (entry->fd < 0) continue;
    const int bits = (FD_ISSET(entry->fd, &sets->read) ? POLLIN : 0) |
                     (FD_ISSET(entry->fd, &sets->write) ? POLLOUT : 0) |
                     (FD_ISSET(entry->fd, &sets->except) ? POLLPRI : 0);
    entry->revents = static_cast<short>(bits);
    if (bits != 0) found++;
  }
  return found;
}

/** One descriptor that is not open spoils the whole call: those are what was found. */
int find_closed(struct pollfd* entries, uint32_t total) {
  int found = 0;
  for (uint32_t place = 0; place < total; place++) {
    struct pollfd* entry = &entries[place];
    const bool closed = entry->fd >= 0 && system_flags(entry->fd) < 0;
    entry->revents = closed ? POLLNVAL : short{0};
    if (closed) found++;
  }
  return found;
}

int wait(struct pollfd* entries, uint32_t total, int64_t nanoseconds) {
  Sets sets;
  const int highest = fill(&sets, entries, total);
  const int result =
      system_select(highest + 1, &sets.read, &sets.write, &sets.except, nanoseconds);
  if (result == -EBADF) return find_closed(entries, total);
  if (result > 0) return spread(&sets, entries, total);
  for (uint32_t place = 0; place < total; place++) entries[place].revents = 0;
  return result;
}

/** i32 descriptor, u32 SELECT_ bits. */
void pack(uint8_t* record, const struct pollfd* entry) {
  const int32_t bits = ((entry->revents & POLLIN) != 0 ? layout::SELECT_READ : 0) |
                       ((entry->revents & POLLOUT) != 0 ? layout::SELECT_WRITE : 0) |
                       ((entry->revents & POLLPRI) != 0 ? layout::SELECT_EXCEPT : 0) |
                       ((entry->revents & POLLNVAL) != 0 ? layout::SELECT_CLOSED : 0);
  memcpy(record, &entry->fd, sizeof entry->fd);
  memcpy(record + sizeof entry->fd, &bits, sizeof bits);
}

constexpr LevelKind SELECT = {wait, layout::FORMAT_SELECT, layout::SELECT_SIZE, pack, FD_SETSIZE};

int select_open(Shim* shim) { return levels_open(shim, &SELECT); }

}  // namespace

const Interface select_interface = levels_interface("select", select_open);

}  // namespace calandria
