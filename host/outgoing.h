// The bytes of one SEND: a chain of pieces in memory, taken from the front.
#pragma once

#include <sys/uio.h>

#include "source.h"

namespace calandria {

struct Outgoing {
  const Memory* memory;
  uint32_t piece;
  /** Pieces and bytes that were not taken yet. */
  uint32_t pieces;
  uint32_t left;
};

/** False when the entry is not to be believed. */
bool outgoing_open(Outgoing* outgoing, const Shim* shim, uint32_t entry);

/**
 * The next pieces as vectors, PIECES_A_SEND at the most; returns how many, `length` their bytes, or
 * -EPROTO.
 */
int outgoing_take(Outgoing* outgoing, struct iovec* vectors, uint32_t* length);

/**
 * Sends all of it, in as many calls as its pieces need, with `more` (SEND_MORE or 0) on the last of
 * them. Returns the bytes sent, fewer than there were when the socket is full, or -errno for none.
 */
long outgoing_send(Outgoing* outgoing, Shim* shim, int fd, int more);

}  // namespace calandria
