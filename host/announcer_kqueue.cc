#include "announcer.h"

#include "kqueue_library.h"
#include "system_kqueue.h"

namespace calandria {

namespace {

constexpr uintptr_t NEWS = 1;

}  // namespace

int announcer_open(Announcer* announcer, bool singly) {
  *announcer = {-1, system_kqueue(), 0, singly, {}};
  if (announcer->queue < 0) return announcer->queue;
  const struct kevent news = kevent_of(NEWS, EVFILT_USER, EV_ADD | EV_CLEAR, 0, 0, 0);
  const int result = system_change(announcer->queue, &news);
  announcer->fd = result < 0 ? result : kqueue_watched(announcer->queue);
  if (announcer->fd >= 0) return 0;
  system_close(announcer->queue);
  return announcer->fd;
}

int announcer_check(const Announcer* announcer) {
  const int result = system_flags(announcer->queue);
  return result < 0 ? result : 0;
}

void announcer_ring(Announcer* announcer) {
  // Counted before it is told of, so that who hears of it finds it.
  add_ordered(&announcer->waiting, uint64_t{1});
  const struct kevent news = kevent_of(NEWS, EVFILT_USER, 0, NOTE_TRIGGER, 0, 0);
  system_kevent(announcer->queue, &news, 1, nullptr, 0);
}

long announcer_take(Announcer* announcer, uint64_t*) {
  struct kevent heard;
  system_kevent(announcer->queue, nullptr, 0, &heard, 1);
  if (load_ordered(&announcer->waiting) == 0) return -EAGAIN;
  if (!announcer->singly) {
    return static_cast<long>(exchange_ordered(&announcer->waiting, uint64_t{0}));
  }
  add_ordered(&announcer->waiting, ~uint64_t{0});
  return 1;
}

void announcer_close(Announcer* announcer) { system_close(announcer->queue); }

}  // namespace calandria
