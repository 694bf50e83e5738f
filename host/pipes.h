// Streams of bytes that are no sockets: pipes, FIFOs, terminals, and whatever else read(2) and
// write(2) work on. Non-blocking, whatever the flags of the open file say, because others may share
// it; and no write raises SIGPIPE.
#pragma once

#include "source.h"

namespace calandria {

/** How a read or write is kept from waiting. */
enum class Asking : uint8_t {
  /** RWF_NOWAIT (preadv2(2)): pipes of pipe(2). */
  nowait,
  /** By an open file of our own, with O_NONBLOCK. */
  own,
  /** poll(2) before each, and only as much as then fits for certain. */
  polled,
};

struct Pipe {
  /** What is read and written: the descriptor itself, or an open file of our own beside it. */
  int io;
  Asking asking;
  bool reads;
  bool writes;
  /** A character device: a write may fall short although more would fit. */
  bool device;
  /** Others may hold the same open file, so closing it does not end its registration. */
  bool shared;
};

extern const Source pipe_source;

/** Its state for `fd`; null when there is no memory. */
Pipe* pipe_create(int fd, Asking asking, bool reads, bool writes);

/** Its state, and the open file of our own beside `fd`; null is nothing. */
void pipe_free(Pipe* pipe, int fd);

/** The kernel knows no RWF_NOWAIT for this file: an open file of our own, or else poll(2). */
void pipe_fall_back(Pipe* pipe, int fd);

/** Standard input, output and error keep their numbers: nobody else must get one of those. */
int32_t close_descriptor(int fd);

}  // namespace calandria
