// host/waiter.h between two threads: the array is lent and taken back at any moment, a pipe speaks
// now and then, deadlines pass. Each ending is counted; none may be lost.
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "host/doorbell.cc"
#include "host/quiet_thread.cc"
#include "host/waiter.cc"

using namespace calandria;

constexpr int ROUNDS = 3000;

static int wait_for(struct pollfd* entries, uint32_t total, int64_t nanoseconds) {
  const int64_t milliseconds = nanoseconds < 0 ? -1 : (nanoseconds + 999999) / 1000000;
  return poll(entries, total, static_cast<int>(milliseconds));
}

static void require(bool holds, const char* what) {
  if (holds) return;
  fprintf(stderr, "%s\n", what);
  exit(1);
}

static uint64_t now() {
  struct timespec time;
  clock_gettime(CLOCK_MONOTONIC, &time);
  return static_cast<uint64_t>(time.tv_sec) * 1000000000u + static_cast<uint64_t>(time.tv_nsec);
}

static void hear(const Waiter* waiter) {
  struct pollfd news = {waiter->news.reader, POLLIN, 0};
  require(poll(&news, 1, 10000) == 1, "the bell did not ring");
}

static bool rings(const Waiter* waiter) {
  struct pollfd news = {waiter->news.reader, POLLIN, 0};
  return poll(&news, 1, 0) == 1;
}

/** Somebody else closes the bell before it is lent, and another file has its number. */
static void lose_bell() {
  Waiter waiter;
  require(waiter_open(&waiter, wait_for) == 0, "open");
  const int lost = waiter.recall.reader;
  close(lost);
  int others[2];
  require(pipe(others) == 0 && others[0] == lost, "another file has the number");
  struct pollfd entries[1];
  waiter_lend(&waiter, entries, 1, 0);
  hear(&waiter);
  require(waiter_take(&waiter) == 0, "nothing came");
  require(waiter.lost == -EBADF, "the loss has a name");
  waiter_close(&waiter);
  require(fcntl(lost, F_GETFD) >= 0, "the other file is left open");
  close(others[0]);
  close(others[1]);
}

int main() {
  int ends[2];
  require(pipe(ends) == 0, "pipe");
  Waiter waiter;
  require(waiter_open(&waiter, wait_for) == 0, "open");
  struct pollfd entries[2];
  int counts[3] = {0, 0, 0};
  unsigned chance = 1;
  for (int round = 0; round < ROUNDS; round++) {
    chance = chance * 1664525u + 1013904223u;
    const unsigned which = (chance >> 24) % 3;
    entries[1] = {ends[0], POLLIN, 0};
    const char byte = 'x';
    char read_back;
    if (which == 0) {
      // Something comes.
      waiter_lend(&waiter, entries, 2, 0);
      require(write(ends[1], &byte, 1) == 1, "write");
      hear(&waiter);
      require(waiter_take(&waiter) == 1, "one has something");
      require(entries[1].revents == POLLIN, "it is the pipe");
      require(read(ends[0], &read_back, 1) == 1, "read");
    } else if (which == 1) {
      // It is wanted back, at any moment of the thread's.
      waiter_lend(&waiter, entries, 2, 0);
      for (unsigned spin = (chance >> 12) & 0xfff; spin > 0; spin--) __asm__ volatile("");
      require(waiter_take(&waiter) == 0, "nothing came");
    } else {
      // The time is up.
      waiter_lend(&waiter, entries, 2, now() + 1000000);
      hear(&waiter);
      require(waiter_take(&waiter) == 0, "nothing came by then");
    }
    require(!rings(&waiter), "the bell was answered");
    counts[which]++;
  }
  // Closed while it is lent.
  waiter_lend(&waiter, entries, 2, 0);
  waiter_close(&waiter);
  lose_bell();
  printf("%d rounds\n", counts[0] + counts[1] + counts[2]);
  return 0;
}
