// What the modes of the load generator share.

#ifndef BENCH_LOAD_H
#define BENCH_LOAD_H

#include <netinet/in.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "clock.h"
#include "histogram.h"

struct load {
  struct sockaddr_in server;
  pid_t server_process;
  unsigned connections;
  size_t bytes;
  uint64_t warmup;
  uint64_t duration;
  // Of single modes.
  unsigned window;
  uint64_t interval;
  size_t fetched;
  bool http;
  bool browser;
  bool content;

  // The measured interval. Before it messages are not counted, so that compilers and caches of
  // the server are warm and the kernel has sized its buffers.
  bool measuring;
  uint64_t began;
  uint64_t ended;
  uint64_t cpu_began;
  uint64_t cpu_ended;
  uint64_t messages;
  uint64_t errors;
  uint64_t lost;
  struct histogram latency;
};

// Called once a turn; false when the measured interval is over. It reads the server's processor
// time in the same call as the wall clock: no message passes between a marker and a reading.
bool load_continues(struct load *load);
void load_start(struct load *load);
void load_count(struct load *load, uint64_t latency);

// Counts an error; the first few are told on stderr.
void load_error(struct load *load, const char *what);

// A non-blocking socket on its way to the server. Source addresses rotate through 127.0.0.1 to
// 127.0.0.250, because one has only about 28,000 ports. -1 on failure.
int open_connecting(const struct load *load, unsigned index);
// A connected, non-blocking socket. Ends the program on failure.
int open_connected(const struct load *load, unsigned index);
// Returns when the server has accepted everything connected before. Ends the program on failure.
void wait_until_accepted(const struct load *load);

void fail(const char *what);

void run_echo(struct load *load);
void run_churn(struct load *load);
void run_idle(struct load *load);
void run_fetch(struct load *load);
void run_http(struct load *load);
void run_paced(struct load *load);
void run_datagrams(struct load *load);

#endif
