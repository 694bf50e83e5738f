// The trials behind probe.h: what there is to try things on, and one function for each capability.
#pragma once

#include <cstdint>

namespace calandria {

/** Descriptors to try things on; -1 where one could not be had. */
struct Bench {
  /** A file of FILE_BYTES zeros, in the folder that was asked for. */
  int file;
  int file_error;
  /** A connected pair of Unix stream sockets, blocking; nothing is in it between two trials. */
  int pair[2];
  int pipe[2];
  /** A TCP connection to a listener on the loopback interface. */
  int listener;
  int stream;
};

constexpr uint32_t FILE_BYTES = 4096;

struct Trial {
  const char* name;
  int64_t value;
  /** 0 when it works, else -errno. */
  int (*attempt)(const Bench* bench);
};

/** Those of sockets and of the flags that the systems share. */
extern const Trial socket_trials[];
extern const uint32_t socket_trials_count;

/** Calls of the kernel of Linux; none elsewhere. */
extern const Trial system_trials[];
extern const uint32_t system_trials_count;

/** A multishot receive on a ring of its own (host/probe_ring.cc). */
int try_ring_multishot(const Bench* bench);

/** A ring in memory of this process. */
int try_ring_no_mmap(const Bench* bench);

}  // namespace calandria
