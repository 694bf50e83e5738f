// What one wait costs that finds one of N descriptors ready.
//
//   wait-cost select|poll|epoll|uring [probe]
//
// It prints one line of JSON: microseconds by the number of descriptors, the least of some batches.
// The descriptors are eventfds, of which the last one in the list has something all the time.
// io_uring is asked for that one anew before each wait, as whoever was told would do.

#define _GNU_SOURCE
#include <linux/io_uring.h>
#include <poll.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/select.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

enum { MOST = 18000, BATCHES = 7, ENTRIES = 256 };

static const int counts[] = {10, 30, 100, 300, 1000, 3000, 10000, 18000};
enum { COUNTS = sizeof counts / sizeof *counts };

static int descriptors[MOST];
static int total;

static void fail(const char *what) {
  perror(what);
  exit(1);
}

static double now(void) {
  struct timespec time;
  clock_gettime(CLOCK_MONOTONIC, &time);
  return (double)time.tv_sec * 1e6 + (double)time.tv_nsec / 1e3;
}

// ── select ──

static fd_set selected;

static void select_begin(void) {
  FD_ZERO(&selected);
  for (int place = 0; place < total; place++) FD_SET(descriptors[place], &selected);
}

static int select_wait(void) {
  fd_set set = selected;
  return select(descriptors[total - 1] + 1, &set, NULL, NULL, NULL);
}

// ── poll ──

static struct pollfd polled[MOST];

static void poll_begin(void) {
  for (int place = 0; place < total; place++) {
    polled[place] = (struct pollfd){descriptors[place], POLLIN, 0};
  }
}

static int poll_wait(void) { return poll(polled, (nfds_t)total, -1); }

// ── epoll ──

static int epoll = -1;

static void epoll_begin(void) {
  if (epoll >= 0) close(epoll);
  epoll = epoll_create1(EPOLL_CLOEXEC);
  struct epoll_event event = {.events = EPOLLIN};
  for (int place = 0; place < total; place++) {
    if (epoll_ctl(epoll, EPOLL_CTL_ADD, descriptors[place], &event) != 0) fail("epoll_ctl");
  }
}

static int epoll_once(void) {
  struct epoll_event event;
  return epoll_wait(epoll, &event, 1, -1);
}

// ── io_uring ──

static int ring = -1;
static char *shared;
static struct io_uring_sqe *entries;
static struct io_uring_params parameters;

static uint32_t *shared_word(uint32_t offset) { return (uint32_t *)(shared + offset); }

static void uring_ask(int fd) {
  uint32_t *tail = shared_word(parameters.sq_off.tail);
  const uint32_t place = *tail & *shared_word(parameters.sq_off.ring_mask);
  memset(&entries[place], 0, sizeof entries[place]);
  entries[place].opcode = IORING_OP_POLL_ADD;
  entries[place].fd = fd;
  entries[place].poll32_events = POLLIN;
  shared_word(parameters.sq_off.array)[place] = place;
  __atomic_store_n(tail, *tail + 1, __ATOMIC_RELEASE);
}

static void uring_enter(unsigned submit, unsigned wait) {
  const unsigned how = wait > 0 ? IORING_ENTER_GETEVENTS : 0;
  if (syscall(__NR_io_uring_enter, ring, submit, wait, how, NULL, 0) < 0) fail("io_uring_enter");
}

static int uring_wait(void) {
  uring_ask(descriptors[total - 1]);
  uring_enter(1, 1);
  uint32_t *head = shared_word(parameters.cq_off.head);
  __atomic_store_n(head, *head + 1, __ATOMIC_RELEASE);
  return 1;
}

static void uring_begin(void) {
  if (ring >= 0) close(ring);
  memset(&parameters, 0, sizeof parameters);
  ring = (int)syscall(__NR_io_uring_setup, ENTRIES, &parameters);
  if (ring < 0) fail("io_uring_setup");
  const size_t answers = parameters.cq_entries * sizeof(struct io_uring_cqe);
  const size_t queues = parameters.cq_off.cqes + answers;
  const size_t array = parameters.sq_off.array + parameters.sq_entries * sizeof(uint32_t);
  const int how = PROT_READ | PROT_WRITE;
  shared = mmap(NULL, queues > array ? queues : array, how, MAP_SHARED, ring, IORING_OFF_SQ_RING);
  entries = mmap(NULL, ENTRIES * sizeof *entries, how, MAP_SHARED, ring, IORING_OFF_SQES);
  if (shared == MAP_FAILED || entries == MAP_FAILED) fail("mmap");
  // All but the last one, which each wait asks for itself.
  for (int place = 0; place + 1 < total; place++) {
    uring_ask(descriptors[place]);
    uring_enter(1, 0);
  }
}

struct kind {
  const char *name;
  void (*begin)(void);
  int (*wait)(void);
  int most;
};

static const struct kind kinds[] = {
    {"select", select_begin, select_wait, FD_SETSIZE - 1},
    {"poll", poll_begin, poll_wait, MOST},
    {"epoll", epoll_begin, epoll_once, MOST},
    {"uring", uring_begin, uring_wait, MOST},
};

static double measure(const struct kind *kind) {
  kind->begin();
  int waits = 1;
  double least = 0;
  for (int batch = 0; batch < BATCHES; batch++) {
    const double start = now();
    for (int wait = 0; wait < waits; wait++) {
      if (kind->wait() != 1) fail(kind->name);
    }
    const double each = (now() - start) / waits;
    if (batch == 0 || each < least) least = each;
    // The first one tells how many make some ten milliseconds.
    if (batch == 0) waits = each < 10000 ? (int)(10000 / each) + 1 : 1;
  }
  return least;
}

int main(int argc, char **arguments) {
  const struct kind *kind = NULL;
  for (size_t place = 0; argc > 1 && place < sizeof kinds / sizeof *kinds; place++) {
    if (strcmp(kinds[place].name, arguments[1]) == 0) kind = &kinds[place];
  }
  if (kind == NULL) {
    fprintf(stderr, "usage: wait-cost select|poll|epoll|uring [probe]\n");
    return 2;
  }
  struct rlimit limit;
  if (getrlimit(RLIMIT_NOFILE, &limit) != 0) fail("getrlimit");
  limit.rlim_cur = limit.rlim_max;
  setrlimit(RLIMIT_NOFILE, &limit);
  const int asked = argc > 2 && strcmp(arguments[2], "probe") == 0 ? 1 : COUNTS;
  printf("{");
  for (int index = 0; index < asked && counts[index] <= kind->most; index++) {
    while (total < counts[index]) {
      descriptors[total] = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
      if (descriptors[total++] < 0) fail("eventfd");
    }
    const uint64_t one = 1;
    if (write(descriptors[total - 1], &one, sizeof one) != sizeof one) fail("write");
    printf("%s\"at%d\": %.3f", index > 0 ? ", " : "", total, measure(kind));
    uint64_t taken;
    if (read(descriptors[total - 1], &taken, sizeof taken) != sizeof taken) fail("read");
  }
  printf("}\n");
  return 0;
}
