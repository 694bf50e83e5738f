#include "doorbell.h"

#include <cerrno>
#include <cstdint>
#include <fcntl.h>
#include <unistd.h>

// Without it a test sees that a pipe does.
#if defined(__linux__) && !defined(CALANDRIA_NO_EVENTFD)
#define CALANDRIA_EVENTFD
#include <sys/eventfd.h>
#endif

namespace calandria {

#ifdef CALANDRIA_EVENTFD

int doorbell_open(Doorbell* doorbell) {
  doorbell->reader = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
  doorbell->writer = doorbell->reader;
  return doorbell->reader < 0 ? -errno : 0;
}

#else

namespace {

bool prepare(int fd) {
  return fcntl(fd, F_SETFD, FD_CLOEXEC) == 0 && fcntl(fd, F_SETFL, O_NONBLOCK) == 0;
}

}  // namespace

int doorbell_open(Doorbell* doorbell) {
  int ends[2];
  if (pipe(ends) < 0) return -errno;
  *doorbell = {ends[0], ends[1]};
  if (prepare(ends[0]) && prepare(ends[1])) return 0;
  const int error = -errno;
  doorbell_close(doorbell);
  return error;
}

#endif

void doorbell_ring(const Doorbell* doorbell) {
  const uint64_t one = 1;
  // Full is rung already.
  while (write(doorbell->writer, &one, sizeof one) < 0 && errno == EINTR) continue;
}

void doorbell_answer(const Doorbell* doorbell) {
  uint64_t rings[8];
  // An eventfd is empty after one read. A pipe may hold more; then it is answered once more.
  while (read(doorbell->reader, rings, sizeof rings) < 0 && errno == EINTR) continue;
}

void eventfd_empty(int fd) {
  const Doorbell doorbell = {fd, fd};
  doorbell_answer(&doorbell);
}

void doorbell_close(Doorbell* doorbell) {
  if (doorbell->writer >= 0 && doorbell->writer != doorbell->reader) close(doorbell->writer);
  if (doorbell->reader >= 0) close(doorbell->reader);
  *doorbell = NO_DOORBELL;
}

}  // namespace calandria
