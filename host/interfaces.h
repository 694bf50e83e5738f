// The kernel interfaces that this shim was built with.
#pragma once

#include "shim.h"

namespace calandria {

extern const Interface epoll_interface;
extern const Interface level_epoll_interface;
extern const Interface nested_epoll_interface;
extern const Interface one_shot_epoll_interface;
extern const Interface kqueue_interface;
extern const Interface poll_interface;
extern const Interface realtime_interface;
extern const Interface select_interface;
extern const Interface uring_interface;

/** What they are called by; null behind the last. */
extern const Interface* const INTERFACES[];

/** The one of that name with so many notifiers, or null. */
const Interface* interface_named(const char* name, int notifiers);

}  // namespace calandria
