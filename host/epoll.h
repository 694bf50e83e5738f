// What hosts made of epoll(7) share. Each answers as the verb of an Interface that it serves
// (shim.h), for one notifier of the shim.
#pragma once

#include "shim.h"

namespace calandria {

/** The notifier that the outer loop watches, and the timer in it. */
int epoll_open(Shim* shim);
int epoll_arm(Shim* shim, uint64_t deadline);
void epoll_close(Shim* shim);

int epoll_attach_to(Shim* shim, int notifier, int fd, uint32_t record, uint32_t generation,
                    bool listener);
int epoll_watch_room_in(Shim* shim, int notifier, int fd, uint32_t record, uint32_t generation,
                        bool on);
int epoll_detach_from(Shim* shim, int notifier, int fd);
int epoll_poll_one(Shim* shim, int notifier);

}  // namespace calandria
