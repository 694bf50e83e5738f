#include "doorbell.h"

#include <cerrno>

#include "sigpipe.h"

namespace calandria {

namespace {

/** 0, or -errno; then nothing is left of it. */
int keep_identities(Doorbell* doorbell) {
  int result = identity_take(doorbell->reader, &doorbell->reads);
  if (result == 0) result = identity_take(doorbell->writer, &doorbell->writes);
  if (result == 0) return 0;
  if (doorbell->writer != doorbell->reader) system_close(doorbell->writer);
  system_close(doorbell->reader);
  *doorbell = NO_DOORBELL;
  return result;
}

void close_ours(int fd, const Identity* identity) {
  if (fd >= 0 && identity_check(fd, identity) == 0) system_close(fd);
}

}  // namespace

int doorbell_open_pipe(Doorbell* doorbell) {
  int ends[2];
  int result = system_pipe(ends);
  if (result < 0) return result;
  *doorbell = {ends[0], ends[1], {}, {}};
  result = keep_identities(doorbell);
  for (int end : ends) {
    if (result == 0) result = system_set_flags(end, system_flags(end) | O_NONBLOCK);
  }
  if (result < 0) doorbell_close(doorbell);
  return result;
}

#ifdef CALANDRIA_EVENTFD

int doorbell_open(Doorbell* doorbell) {
  const int fd = system_event_counter(0);
  *doorbell = {fd, fd, {}, {}};
  return fd < 0 ? fd : keep_identities(doorbell);
}

#else

int doorbell_open(Doorbell* doorbell) { return doorbell_open_pipe(doorbell); }

#endif

void doorbell_ring(const Doorbell* doorbell) {
  if (identity_check(doorbell->writer, &doorbell->writes) < 0) return;
  // Full is rung already.
  const auto ring = [&] {
    const uint64_t one = 1;
    uint64_t interrupted = 0;
    return system_write(&interrupted, doorbell->writer, &one, sizeof one);
  };
  // A pipe may have lost its reader.
  if (doorbell->writer == doorbell->reader) ring();
  else without_sigpipe(ring);
}

int doorbell_answer(const Doorbell* doorbell) {
  const int ours = identity_check(doorbell->reader, &doorbell->reads);
  if (ours < 0) return ours;
  uint64_t rings[64];
  uint64_t interrupted = 0;
  long result;
  // An eventfd is empty after one read, and a pipe when a read falls short.
  do {
    result = system_read(&interrupted, doorbell->reader, rings, sizeof rings);
  } while (result == sizeof rings);
  // An end: the pipe has no writer any more.
  if (result == 0) return -EBADF;
  return result < 0 && result != -EAGAIN ? static_cast<int>(result) : 0;
}

int doorbell_check(const Doorbell* doorbell) {
  const int result = identity_check(doorbell->reader, &doorbell->reads);
  if (result < 0 || doorbell->writer == doorbell->reader) return result;
  return identity_check(doorbell->writer, &doorbell->writes);
}

void doorbell_close(Doorbell* doorbell) {
  if (doorbell->writer != doorbell->reader) close_ours(doorbell->writer, &doorbell->writes);
  close_ours(doorbell->reader, &doorbell->reads);
  *doorbell = NO_DOORBELL;
}

}  // namespace calandria
