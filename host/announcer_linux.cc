#include "announcer.h"

#include "system.h"

namespace calandria {

int announcer_open(Announcer* announcer, bool singly) {
  *announcer = {system_event_counter(singly ? EFD_SEMAPHORE : 0), -1, 0, singly};
  return announcer->fd < 0 ? announcer->fd : 0;
}

void announcer_ring(Announcer* announcer) {
  const uint64_t one = 1;
  uint64_t interrupted = 0;
  // It counts to 2^64 - 2 before a write would have to wait (eventfd(2)).
  system_write(&interrupted, announcer->fd, &one, sizeof one);
}

long announcer_take(Announcer* announcer, uint64_t* interrupted) {
  uint64_t announced = 0;
  const long result = system_read(interrupted, announcer->fd, &announced, sizeof announced);
  return result < 0 ? result : static_cast<long>(announced);
}

void announcer_close(Announcer* announcer) { system_close(announcer->fd); }

}  // namespace calandria
