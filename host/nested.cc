// Epoll instances in an epoll instance (epoll(7), "Questions and answers", 5): each holds its share
// of the descriptors, edge-triggered as ever, and the outer one says which of them have something.
// That is a level: an instance stays readable until all that it has was taken, so the outer loop
// does not sleep over one whose turn has not come.
#include "nested.h"

#include "epoll.h"
#include "interfaces.h"
#include "system.h"

namespace calandria {

namespace {

int nested_open(Shim* shim) {
  Nest* nest = &shim->nest;
  const int opened = epoll_open(shim);
  if (opened < 0) return opened;
  for (int place = 0; place < nest->total; place++) {
    const int notifier = system_epoll_create();
    if (notifier < 0) return notifier;
    nest->notifiers[place] = notifier;
    struct epoll_event event;
    event.events = EPOLLIN;
    event.data.u64 = static_cast<uint64_t>(place);
    const long result = system_epoll_add(shim->notifier, notifier, &event);
    if (result < 0) return static_cast<int>(result);
  }
  return 0;
}

int nested_attach(Shim* shim, int fd, uint32_t record, uint32_t generation, bool listener) {
  Nest* nest = &shim->nest;
  const int notifier = nest->notifiers[nest->next];
  nest->next = (nest->next + 1) % nest->total;
  return epoll_attach_to(shim, notifier, fd, record, generation, listener);
}

/** What `verb` answers for the notifier that has the descriptor; the others say -ENOENT. */
template <typename Verb>
int where_attached(const Nest* nest, Verb verb) {
  int result = -ENOENT;
  for (int place = 0; place < nest->total && result == -ENOENT; place++) {
    result = verb(nest->notifiers[place]);
  }
  return result;
}

int nested_detach(Shim* shim, int fd) {
  return where_attached(&shim->nest,
                        [&](int notifier) { return epoll_detach_from(shim, notifier, fd); });
}

int nested_watch_room(Shim* shim, int fd, uint32_t record, uint32_t generation, bool on) {
  return where_attached(&shim->nest, [&](int notifier) {
    return epoll_watch_room_in(shim, notifier, fd, record, generation, on);
  });
}

/** Which of them have something. The timer, in the same set, is nobody's. 0, or -errno. */
int look(Shim* shim) {
  Nest* nest = &shim->nest;
  struct epoll_event events[NOTIFIERS_MAX + 1];
  count(&shim->memory, layout::COUNTER_HOST_WAITS);
  const long total = system_epoll_poll(shim->notifier, events, nest->total + 1);
  for (long event = 0; event < total; event++) {
    const uint64_t place = events[event].data.u64;
    if (place < static_cast<uint64_t>(nest->total)) nest->readable |= 1u << place;
  }
  return total < 0 && total != -EINTR ? static_cast<int>(total) : 0;
}

/**
 * Asks one notifier, in turn. What a look found lasts until each of them was asked: none is asked
 * twice before another that waits, and most turns need no look.
 */
int nested_poll(Shim* shim) {
  Nest* nest = &shim->nest;
  // Somebody calls from outside: one that was closed by somebody else would not be heard of.
  if (!shim->roused) nest->readable = (1u << nest->total) - 1;
  for (bool looked = false;;) {
    if (nest->readable == 0) {
      if (looked) return 0;
      looked = true;
      const int result = look(shim);
      if (result < 0) return result;
      if (nest->readable == 0) return 0;
    }
    do {
      nest->last = (nest->last + 1) % nest->total;
    } while ((nest->readable & 1u << nest->last) == 0);
    nest->readable &= ~(1u << nest->last);
    const int events = epoll_poll_one(shim, nest->notifiers[nest->last]);
    // Nothing: what it had was closed since the look.
    if (events == 0) continue;
    store_word(&shim->memory, layout::EVENT_NOTIFIER, nest->last);
    return events;
  }
}

int nested_arm(Shim* shim, uint64_t deadline) {
  shim->roused = false;
  return epoll_arm(shim, deadline);
}

void nested_close(Shim* shim) {
  for (int& notifier : shim->nest.notifiers) {
    if (notifier >= 0) system_close(notifier);
    notifier = -1;
  }
  epoll_close(shim);
}

}  // namespace

const Interface nested_epoll_interface = {
    "epoll",       nested_open,       nested_attach, nested_poll, nested_arm, nested_close,
    nested_detach, nested_watch_room, false,         nullptr,     nullptr};

}  // namespace calandria
