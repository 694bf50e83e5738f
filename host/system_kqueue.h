// kqueue(2), of the system or of a library that stands in for it (kqueue_library.h).
#pragma once

#include <cstring>
#include <sys/event.h>
#include <sys/time.h>

#include "system.h"

namespace calandria {

/** Closed on exec; a child that is forked does not get it anyway (kqueue(2)). */
inline int system_kqueue() {
  const int fd = static_cast<int>(system_result(kqueue()));
  if (fd >= 0) fcntl(fd, F_SETFD, FD_CLOEXEC);
  return fd;
}

/** One record of the kernel's. What a system has beyond this stays 0. */
inline struct kevent kevent_of(uintptr_t ident, int filter, unsigned flags, unsigned notes,
                               int64_t data, uint64_t owner) {
  struct kevent event = {};
  event.ident = ident;
  event.filter = static_cast<decltype(event.filter)>(filter);
  event.flags = static_cast<decltype(event.flags)>(flags);
  event.fflags = notes;
  event.data = static_cast<decltype(event.data)>(data);
  memcpy(&event.udata, &owner, sizeof event.udata);
  return event;
}

inline uint64_t kevent_owner(const struct kevent* event) {
  uint64_t owner;
  memcpy(&owner, &event->udata, sizeof owner);
  return owner;
}

/**
 * Hands over changes and takes events, without waiting: how many, or -errno. Not retried: after
 * EINTR the changes were made, and no event is lost.
 */
inline long system_kevent(int fd, const struct kevent* changes, int changes_total,
                          struct kevent* events, int events_max) {
  const struct timespec now = {0, 0};
  return system_result(kevent(fd, changes, changes_total, events, events_max, &now));
}

/** Makes one change, at once. 0, or -errno. */
inline int system_change(int fd, const struct kevent* change) {
  struct kevent receipt;
  struct kevent asked = *change;
  asked.flags |= EV_RECEIPT;
  const long result = system_kevent(fd, &asked, 1, &receipt, 1);
  if (result <= 0) return static_cast<int>(result);
  return (receipt.flags & EV_ERROR) ? -static_cast<int>(receipt.data) : 0;
}

}  // namespace calandria
