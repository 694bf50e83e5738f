// One connection on which a file is asked for, again and again.

#ifndef BENCH_FETCH_H
#define BENCH_FETCH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "load.h"

// What asks for the file. It is sent alone; anything else that a server gets it echoes.
#define FETCH_REQUEST "file\n"

struct fetch {
  int descriptor;
  size_t bytes;
  size_t received;
  uint64_t started;
};

// Connects, and registers the descriptor with an epoll descriptor, edge-triggered, under this
// pointer.
void fetch_open(const struct load *load, struct fetch *fetch, size_t bytes, int epoll);
void fetch_request(struct fetch *fetch);
// Receives what is there, at most a piece of `most` bytes; answers how many were received. The file
// is complete when `received` is `bytes`. Counts an error when the bytes are not the file's, and
// ends the program when the connection is gone.
size_t fetch_receive(struct load *load, struct fetch *fetch, size_t most);

#endif
