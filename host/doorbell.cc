#include "doorbell.h"

#include <cerrno>

namespace calandria {

#ifdef CALANDRIA_EVENTFD

int doorbell_open(Doorbell* doorbell) {
  doorbell->reader = system_event_counter(0);
  doorbell->writer = doorbell->reader;
  return doorbell->reader < 0 ? doorbell->reader : 0;
}

int doorbell_double(Doorbell* doorbell) {
  const int second = system_duplicate(doorbell->reader, 0);
  if (second >= 0) doorbell->writer = second;
  return second < 0 ? second : 0;
}

#else

int doorbell_open(Doorbell* doorbell) {
  int ends[2];
  int result = system_pipe(ends);
  if (result < 0) return result;
  *doorbell = {ends[0], ends[1]};
  for (int end : ends) {
    if (result == 0) result = system_set_flags(end, system_flags(end) | O_NONBLOCK);
  }
  if (result < 0) doorbell_close(doorbell);
  return result;
}

/** A pipe has two ends as it is. */
int doorbell_double(Doorbell*) { return 0; }

#endif

void doorbell_ring(const Doorbell* doorbell) {
  const uint64_t one = 1;
  uint64_t interrupted = 0;
  // Full is rung already.
  const long result = system_write(&interrupted, doorbell->writer, &one, sizeof one);
  if (result == -EBADF) system_write(&interrupted, doorbell->reader, &one, sizeof one);
}

int doorbell_answer(const Doorbell* doorbell) {
  uint64_t rings[64];
  uint64_t interrupted = 0;
  long result;
  // An eventfd is empty after one read, and a pipe when a read falls short.
  do {
    result = system_read(&interrupted, doorbell->reader, rings, sizeof rings);
  } while (result == sizeof rings);
  return result < 0 && result != -EAGAIN ? static_cast<int>(result) : 0;
}

int doorbell_check(const Doorbell* doorbell) {
  const int result = system_flags(doorbell->reader);
  if (result < 0) return result;
  const int other = system_flags(doorbell->writer);
  return other < 0 ? other : 0;
}

void doorbell_close(Doorbell* doorbell) {
  if (doorbell->writer >= 0 && doorbell->writer != doorbell->reader) system_close(doorbell->writer);
  if (doorbell->reader >= 0) system_close(doorbell->reader);
  *doorbell = NO_DOORBELL;
}

}  // namespace calandria
