// Short connections: connect, echo one message, close. The next connection takes the place.
//
// The close is an orderly one, as most clients' are: a reset would send every server down its
// error path. So the client's side stays in TIME_WAIT, and source addresses rotate (see
// load-open.c) to have ports enough.

#define _GNU_SOURCE
#include <errno.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "load.h"
#include "message.h"

enum { EVENTS_A_TURN = 256, ERRORS_TOLERATED = 1000 };

struct place {
  int descriptor;
  bool sent;
  size_t received;
  uint64_t started;
  struct message_header header;
};

static int epoll;
static unsigned opened;
static char *message;
static char *receive_buffer;

static void open_next(struct load *load, struct place *place) {
  place->sent = false;
  place->received = 0;
  place->started = now_nanoseconds();
  place->header.connection = opened;
  place->descriptor = open_connecting(load, opened++);
  if (place->descriptor < 0) fail("load: connect");
  struct epoll_event event = {
      .events = EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLET,
      .data.ptr = place,
  };
  if (epoll_ctl(epoll, EPOLL_CTL_ADD, place->descriptor, &event) != 0) fail("epoll_ctl");
}

static void replace(struct load *load, struct place *place) {
  close(place->descriptor);
  open_next(load, place);
}

static void replace_failed(struct load *load, struct place *place, const char *what) {
  load_error(load, what);
  if (load->errors > ERRORS_TOLERATED) exit(1);
  replace(load, place);
}

static void send_message(struct load *load, struct place *place) {
  message_stamp(message, load->bytes, place->header);
  ssize_t sent = send(place->descriptor, message, load->bytes, MSG_NOSIGNAL);
  if (sent != (ssize_t)load->bytes) return replace_failed(load, place, "a send failed");
  place->sent = true;
}

static void receive(struct load *load, struct place *place) {
  ssize_t received = recv(place->descriptor, receive_buffer, load->bytes + 1, 0);
  if (received < 0 && (errno == EAGAIN || errno == EINTR)) return;
  if (received <= 0) return replace_failed(load, place, "a connection ended before its echo");
  size_t length = (size_t)received;
  if (length > load->bytes - place->received ||
      !message_matches(message, place->header, receive_buffer, place->received, length)) {
    return replace_failed(load, place, "an echo differs from its message");
  }
  place->received += length;
  if (place->received < load->bytes) return;
  load_count(load, now_nanoseconds() - place->started);
  replace(load, place);
}

void run_churn(struct load *load) {
  message = malloc(load->bytes);
  receive_buffer = malloc(load->bytes + 1);
  struct place *places = calloc(load->connections, sizeof *places);
  epoll = epoll_create1(EPOLL_CLOEXEC);
  if (message == NULL || receive_buffer == NULL || places == NULL || epoll < 0) fail("load");
  message_fill(message, load->bytes);

  load_start(load);
  for (unsigned index = 0; index < load->connections; index++) open_next(load, &places[index]);
  static struct epoll_event events[EVENTS_A_TURN];
  while (load_continues(load)) {
    int ready = epoll_wait(epoll, events, EVENTS_A_TURN, 0);
    for (int index = 0; index < ready; index++) {
      // A batch holds one event for each descriptor, so this one belongs to the place's present
      // connection even if an earlier event of the batch replaced another place's.
      struct place *place = events[index].data.ptr;
      if (!place->sent) send_message(load, place);
      else receive(load, place);
    }
  }
}
