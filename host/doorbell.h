// A descriptor that is readable from when somebody rings until somebody answers: eventfd(2) where
// there is one, else a pipe.
#pragma once

#include "identity.h"

// Without it a test sees that a pipe does.
#if defined(CALANDRIA_LINUX) && !defined(CALANDRIA_NO_EVENTFD)
#define CALANDRIA_EVENTFD
#endif

namespace calandria {

/** A pipe takes so many rings and no more, so it has to be answered; an eventfd takes them all. */
#ifdef CALANDRIA_EVENTFD
constexpr bool DOORBELL_FILLS = false;
#else
constexpr bool DOORBELL_FILLS = true;
#endif

struct Doorbell {
  /** What to wait for; -1 while it is not open. */
  int reader;
  /** The same, or the other end. */
  int writer;
  /** What they were opened as. */
  Identity reads;
  Identity writes;
};

constexpr Doorbell NO_DOORBELL = {-1, -1, {}, {}};

/** 0, or -errno. */
int doorbell_open(Doorbell* doorbell);

/** As a pipe, whoever waits at which hears it when its writer is closed, too. 0, or -errno. */
int doorbell_open_pipe(Doorbell* doorbell);

/** From any thread. Ringing twice is ringing once. Rings nothing that is somebody else's by now. */
void doorbell_ring(const Doorbell* doorbell);

/** 0, or -errno: it was closed by somebody else. */
int doorbell_answer(const Doorbell* doorbell);

/** 0, or -errno: one of its descriptors was closed by somebody else. */
int doorbell_check(const Doorbell* doorbell);

/** Closes what is still ours. */
void doorbell_close(Doorbell* doorbell);

}  // namespace calandria
