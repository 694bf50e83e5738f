#include "announcer.h"

#include "system.h"

namespace calandria {

int announcer_open(Announcer* announcer, bool singly) {
  *announcer = {system_event_counter(singly ? EFD_SEMAPHORE : 0), -1, 0, singly, {}};
  if (announcer->fd < 0) return announcer->fd;
  const int result = identity_take(announcer->fd, &announcer->opened);
  if (result < 0) system_close(announcer->fd);
  return result;
}

int announcer_check(const Announcer* announcer) {
  return identity_check(announcer->fd, &announcer->opened);
}

void announcer_ring(Announcer* announcer) {
  if (announcer_check(announcer) < 0) return;
  const uint64_t one = 1;
  uint64_t interrupted = 0;
  // It counts to 2^64 - 2 before a write would have to wait (eventfd(2)).
  system_write(&interrupted, announcer->fd, &one, sizeof one);
}

long announcer_take(Announcer* announcer, uint64_t* interrupted) {
  const int ours = announcer_check(announcer);
  if (ours < 0) return ours;
  uint64_t announced = 0;
  const long result = system_read(interrupted, announcer->fd, &announced, sizeof announced);
  return result < 0 ? result : static_cast<long>(announced);
}

void announcer_close(Announcer* announcer) {
  if (announcer_check(announcer) == 0) system_close(announcer->fd);
}

}  // namespace calandria
