#include "interfaces.h"

#include <cstring>

#include "probe.h"
#include "system.h"

namespace calandria {

#ifdef CALANDRIA_LINUX

const Interface* const INTERFACES[] = {
    &epoll_interface, &level_epoll_interface, &one_shot_epoll_interface,
    &realtime_interface, &poll_interface, &select_interface,
#ifdef CALANDRIA_URING
    &uring_interface,
#endif
    nullptr};

namespace {
const Interface* several(const Interface* interface) {
  return interface == &epoll_interface ? &nested_epoll_interface : nullptr;
}
}  // namespace

#else

const Interface* const INTERFACES[] = {&kqueue_interface, &poll_interface, &select_interface,
                                       nullptr};

namespace {
const Interface* several(const Interface*) { return nullptr; }
}  // namespace

#endif

const Interface* interface_named(const char* name, int notifiers) {
  if (without(name)) return nullptr;
  for (const Interface* const* place = INTERFACES; *place != nullptr; place++) {
    if (strcmp((*place)->name, name) == 0) return notifiers == 1 ? *place : several(*place);
  }
  return nullptr;
}

}  // namespace calandria
