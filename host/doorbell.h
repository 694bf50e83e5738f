// A descriptor that is readable from when somebody rings until somebody answers: eventfd(2) where
// there is one, else a pipe.
#pragma once

namespace calandria {

struct Doorbell {
  /** What to wait for; -1 while it is not open. */
  int reader;
  /** The same, or the other end. */
  int writer;
};

constexpr Doorbell NO_DOORBELL = {-1, -1};

/** 0, or -errno. */
int doorbell_open(Doorbell* doorbell);

/** From any thread. Ringing twice is ringing once. */
void doorbell_ring(const Doorbell* doorbell);

void doorbell_answer(const Doorbell* doorbell);

void doorbell_close(Doorbell* doorbell);

/** Takes what was written to an eventfd that does not wait. */
void eventfd_empty(int fd);

}  // namespace calandria
