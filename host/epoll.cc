// epoll(7), edge-triggered: one EPOLL_CTL_ADD in the life of a descriptor, none to modify or remove
// it (closing removes it). Deadlines are a timerfd in the same set, because an outer loop does the
// waiting.
#include "epoll.h"
#include "interfaces.h"
#include "system.h"

namespace calandria {

namespace {

/**
 * What the timerfd's events carry: no record has this index, and the core passes over it in
 * silence.
 */
constexpr uint64_t WAKE_DATA = static_cast<uint32_t>(layout::RECORD_WAKE);

int epoll_attach(Shim* shim, int fd, uint32_t record, uint32_t generation, bool listener) {
  return epoll_attach_to(shim, shim->notifier, fd, record, generation, listener);
}

int epoll_watch_room(Shim* shim, int fd, uint32_t record, uint32_t generation, bool on) {
  return epoll_watch_room_in(shim, shim->notifier, fd, record, generation, on);
}

int epoll_detach(Shim* shim, int fd) { return epoll_detach_from(shim, shim->notifier, fd); }

int epoll_poll(Shim* shim) { return epoll_poll_one(shim, shim->notifier); }

}  // namespace

int epoll_open(Shim* shim) {
  shim->notifier = system_epoll_create();
  if (shim->notifier < 0) return shim->notifier;
  shim->timer = system_timer();
  if (shim->timer < 0) return shim->timer;
  struct epoll_event event;
  // Edge-triggered: an expiry is reported once and never has to be read; re-arming resets it.
  event.events = EPOLLIN | EPOLLET;
  event.data.u64 = WAKE_DATA;
  const long result = system_epoll_add(shim->notifier, shim->timer, &event);
  if (result < 0) return static_cast<int>(result);
  store_word(&shim->memory, layout::EVENT_FORMAT, layout::FORMAT_EPOLL);
  store_word(&shim->memory, layout::EVENT_RECORD_SIZE, sizeof(struct epoll_event));
  return 0;
}

int epoll_attach_to(Shim* shim, int notifier, int fd, uint32_t record, uint32_t generation,
                    bool listener) {
  struct epoll_event event;
  event.events =
      listener ? EPOLLIN | EPOLLET : EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLPRI | EPOLLET;
  event.data.u64 = static_cast<uint64_t>(generation) << 32 | record;
  count(&shim->memory, layout::COUNTER_HOST_CONTROLS);
  count(&shim->memory, layout::COUNTER_HOST_CHANGES);
  return static_cast<int>(system_epoll_add(notifier, fd, &event));
}

int epoll_watch_room_in(Shim* shim, int notifier, int fd, uint32_t record, uint32_t generation,
                        bool on) {
  struct epoll_event event;
  event.events = on ? EPOLLIN | EPOLLOUT | EPOLLET : EPOLLIN | EPOLLET;
  event.data.u64 = static_cast<uint64_t>(generation) << 32 | record;
  count(&shim->memory, layout::COUNTER_HOST_CONTROLS);
  count(&shim->memory, layout::COUNTER_HOST_CHANGES);
  return static_cast<int>(system_epoll_modify(notifier, fd, &event));
}

int epoll_poll_one(Shim* shim, int notifier) {
  const Memory* memory = &shim->memory;
  count(memory, layout::COUNTER_HOST_WAITS);
  const long result = system_epoll_poll(notifier, memory->base + memory->events,
                                        static_cast<int>(shim->vector.now));
  if (result >= 0) vector_adapt(&shim->vector, static_cast<uint32_t>(result));
  // Interrupted: nothing was reported, and nothing is lost; the next turn looks again.
  return result == -EINTR ? 0 : static_cast<int>(result);
}

int epoll_arm(Shim* shim, uint64_t deadline) {
  // Who calls from outside may be the only one that can still find the timer closed.
  const bool known = deadline == shim->armed && (deadline == 0 || !shim->called);
  shim->called = false;
  if (known) return 0;
  count(&shim->memory, layout::COUNTER_HOST_OTHERS);
  const int result = system_timer_set(shim->timer, deadline);
  if (result == 0) shim->armed = deadline;
  return result;
}

int epoll_detach_from(Shim* shim, int notifier, int fd) {
  count(&shim->memory, layout::COUNTER_HOST_CONTROLS);
  count(&shim->memory, layout::COUNTER_HOST_CHANGES);
  return static_cast<int>(system_epoll_remove(notifier, fd));
}

void epoll_close(Shim* shim) {
  if (shim->timer >= 0) system_close(shim->timer);
  if (shim->notifier >= 0) system_close(shim->notifier);
  shim->timer = -1;
  shim->notifier = -1;
}

const Interface epoll_interface = {"epoll",      epoll_open,  epoll_attach, epoll_poll,
                                   epoll_arm,    epoll_close, epoll_detach, epoll_watch_room,
                                   false,        nullptr,     nullptr};

}  // namespace calandria
