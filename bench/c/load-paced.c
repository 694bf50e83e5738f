// Pings at a steady pace, far below what a server can do: how long an answer takes while there is
// nothing to queue for, or while a file streams to somebody else.
//
// Latency counts from when a ping was due, so a server that stalls is charged for all the pings
// that it kept from being sent.

#define _GNU_SOURCE
#include <errno.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/socket.h>

#include "fetch.h"
#include "message.h"

enum { EVENTS_A_TURN = 256, OPENED_AT_ONCE = 128, SPARE = 4096, PIECE = 64 * 1024 };

struct pinger {
  int descriptor;
  struct message_header header;
  size_t outstanding;
  uint64_t due;
};

static char *message;
static char *receive_buffer;
static struct pinger *pingers;
static struct fetch fetch;

static void open_pinger(struct load *load, unsigned index, int epoll) {
  struct pinger *pinger = &pingers[index];
  pinger->descriptor = open_connected(load, index);
  pinger->header.connection = index;
  struct epoll_event event = {.events = EPOLLIN | EPOLLRDHUP | EPOLLET, .data.ptr = pinger};
  if (epoll_ctl(epoll, EPOLL_CTL_ADD, pinger->descriptor, &event) != 0) fail("epoll_ctl");
  if (index % OPENED_AT_ONCE == OPENED_AT_ONCE - 1) wait_until_accepted(load);
}

static void ping(struct load *load, struct pinger *pinger) {
  pinger->header.sequence++;
  message_stamp(message, load->bytes, pinger->header);
  if (send(pinger->descriptor, message, load->bytes, MSG_NOSIGNAL) != (ssize_t)load->bytes) {
    fail("load: a ping was not sent");
  }
  pinger->outstanding = load->bytes;
}

// What falls due while an answer is awaited is sent once that is here.
static void ping_due(struct load *load, uint64_t now) {
  for (unsigned index = 0; index < load->connections; index++) {
    struct pinger *pinger = &pingers[index];
    if (pinger->outstanding == 0 && now >= pinger->due) ping(load, pinger);
  }
}

static void receive(struct load *load, struct pinger *pinger) {
  for (;;) {
    ssize_t received = recv(pinger->descriptor, receive_buffer, load->bytes + SPARE, 0);
    if (received < 0 && errno == EINTR) continue;
    if (received < 0 && errno == EAGAIN) return;
    if (received <= 0) fail("load: a pinger lost its connection");
    size_t length = (size_t)received;
    if (length > pinger->outstanding ||
        !message_matches(message, pinger->header, receive_buffer,
                         load->bytes - pinger->outstanding, length)) {
      load_error(load, "an echo differs from its message");
      exit(1);
    }
    pinger->outstanding -= length;
    if (pinger->outstanding > 0) continue;
    load_count(load, now_nanoseconds() - pinger->due);
    pinger->due += load->interval;
    return;
  }
}

// What was due and is not here when the interval ends has waited at least until now. Without this a
// server that answers nobody would look fast.
static void count_unanswered(struct load *load) {
  for (unsigned index = 0; index < load->connections; index++) {
    for (uint64_t due = pingers[index].due; due < load->ended; due += load->interval) {
      histogram_add(&load->latency, load->ended - due);
    }
  }
}

// With a file to fetch the measured interval ends when it is here, or is given up.
static bool continues(struct load *load) {
  bool measuring = load->measuring;
  if (load->fetched == 0) return load_continues(load);
  if (fetch.received == fetch.bytes) load->duration = 0;
  bool more = load_continues(load);
  if (!measuring && load->measuring) fetch_request(&fetch);
  return more;
}

void run_paced(struct load *load) {
  message = malloc(load->bytes);
  receive_buffer = malloc(load->bytes + SPARE);
  pingers = calloc(load->connections, sizeof *pingers);
  int epoll = epoll_create1(EPOLL_CLOEXEC);
  if (message == NULL || receive_buffer == NULL || pingers == NULL || epoll < 0) fail("load");
  message_fill(message, load->bytes);
  for (unsigned index = 0; index < load->connections; index++) open_pinger(load, index, epoll);
  if (load->fetched > 0) fetch_open(load, &fetch, load->fetched, epoll);
  wait_until_accepted(load);

  load_start(load);
  // Evenly over the interval.
  uint64_t first = now_nanoseconds();
  for (unsigned index = 0; index < load->connections; index++) {
    pingers[index].due = first + load->interval * index / load->connections;
  }
  bool fetchable = false;
  static struct epoll_event events[EVENTS_A_TURN];
  while (continues(load)) {
    ping_due(load, now_nanoseconds());
    int ready = epoll_wait(epoll, events, EVENTS_A_TURN, 0);
    for (int index = 0; index < ready; index++) {
      if (events[index].data.ptr == &fetch) fetchable = true;
      else receive(load, events[index].data.ptr);
    }
    // One piece between looks at the pingers: our own reading must not delay them.
    if (fetchable) fetchable = fetch_receive(load, &fetch, PIECE) > 0;
  }
  count_unanswered(load);
  if (fetch.received < load->fetched) load_error(load, "the file did not arrive in time");
}
