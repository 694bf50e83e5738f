// Asks for a file on one connection: request, whole answer, next request.

#define _GNU_SOURCE
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>

#include "content.h"
#include "fetch.h"

enum { PIECE_MAX = 512 * 1024 };

static char piece[PIECE_MAX];

void fetch_open(const struct load *load, struct fetch *fetch, size_t bytes, int epoll) {
  fetch->descriptor = open_connected(load, 0);
  fetch->bytes = bytes;
  struct epoll_event event = {.events = EPOLLIN | EPOLLRDHUP | EPOLLET, .data.ptr = fetch};
  if (epoll_ctl(epoll, EPOLL_CTL_ADD, fetch->descriptor, &event) != 0) fail("epoll_ctl");
}

void fetch_request(struct fetch *fetch) {
  fetch->received = 0;
  fetch->started = now_nanoseconds();
  size_t length = strlen(FETCH_REQUEST);
  if (send(fetch->descriptor, FETCH_REQUEST, length, MSG_NOSIGNAL) != (ssize_t)length) {
    fail("load: a request was not sent");
  }
}

size_t fetch_receive(struct load *load, struct fetch *fetch, size_t most) {
  ssize_t received;
  size_t room = most < PIECE_MAX ? most : PIECE_MAX;
  do received = recv(fetch->descriptor, piece, room, 0);
  while (received < 0 && errno == EINTR);
  if (received < 0 && errno == EAGAIN) return 0;
  if (received < 0) fail("load: a receive failed");
  size_t length = (size_t)received;
  if (length == 0 || length > fetch->bytes - fetch->received) {
    fprintf(stderr, length == 0 ? "load: the server closed the connection\n"
                                : "load: more bytes came than the file has\n");
    exit(1);
  }
  if (!content_matches(piece, fetch->received, length)) {
    load_error(load, "an answer differs from the file");
  }
  fetch->received += length;
  return length;
}

void run_fetch(struct load *load) {
  int epoll = epoll_create1(EPOLL_CLOEXEC);
  if (epoll < 0) fail("load");
  static struct fetch fetch;
  fetch_open(load, &fetch, load->bytes, epoll);

  load_start(load);
  fetch_request(&fetch);
  while (load_continues(load)) {
    struct epoll_event event;
    if (epoll_wait(epoll, &event, 1, 0) <= 0) continue;
    // An edge: all of it.
    while (fetch_receive(load, &fetch, PIECE_MAX) > 0) {
      if (fetch.received < fetch.bytes) continue;
      load_count(load, now_nanoseconds() - fetch.started);
      fetch_request(&fetch);
    }
  }
}
