// Inboxes: posts of other threads, drained from a ring in memory that they share, and a bell
// that a producer rings when the consumer may sleep.
#pragma once

#include "doorbell.h"
#include "ring.h"
#include "source.h"

namespace calandria {

/** A ring that JavaScript has handed over, until it takes it back. */
struct Share {
  int32_t id;
  Doorbell bell;
  /** A record has it open. */
  bool open;
  Ring ring;
  /** The module's own: what keeps the memory alive. */
  void* keeper;
  Share* next;
};

/** Takes a ring, to be opened by its id; the descriptor that wakes its consumer, or -errno. */
int inbox_share(Shim* shim, int32_t id, uint8_t* base, size_t size, void* keeper);

/** Closes it and gives it back: its keeper, or null when there is none of this id. */
void* inbox_unshare(Shim* shim, int32_t id);

/** As inbox_unshare, of any of them: null when none is left. */
void* inbox_unshare_any(Shim* shim);

/** OPEN; argument: the id. */
int32_t inbox_open(Shim* shim, const OpenRequest* request, ReadRoom* room);

}  // namespace calandria
