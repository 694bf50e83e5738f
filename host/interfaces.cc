#include "interfaces.h"

#include <cstring>

#include "probe.h"

namespace calandria {

const Interface* const INTERFACES[] = {
    &epoll_interface, &level_epoll_interface, &one_shot_epoll_interface,
    &poll_interface,  &select_interface,
#ifdef CALANDRIA_URING
    &uring_interface,
#endif
    nullptr};

const Interface* interface_named(const char* name, int notifiers) {
  if (without(name)) return nullptr;
  for (const Interface* const* place = INTERFACES; *place != nullptr; place++) {
    if (strcmp((*place)->name, name) != 0) continue;
    if (notifiers == 1) return *place;
    return *place == &epoll_interface ? &nested_epoll_interface : nullptr;
  }
  return nullptr;
}

}  // namespace calandria
