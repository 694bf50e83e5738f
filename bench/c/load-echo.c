// Ping-pong on a fixed set of connections: modes echo and stream.

#define _GNU_SOURCE
#include <errno.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "load.h"
#include "message.h"

enum { EVENTS_A_TURN = 1024, OPENED_AT_ONCE = 128, SPARE = 4096 };

struct connection {
  int descriptor;
  struct message_header header;
  size_t sent;
  size_t received;
  uint64_t started;
};

// One message for all connections (only its header differs), and one buffer, larger than a
// message, so that a whole echo is a short receive and needs no second one.
static char *message;
static char *receive_buffer;
static unsigned alive;

static void lose(struct load *load, struct connection *connection, const char *what) {
  load_error(load, what);
  close(connection->descriptor);
  connection->descriptor = -1;
  alive--;
}

static void send_rest(struct load *load, struct connection *connection) {
  while (connection->sent < load->bytes) {
    if (connection->sent < MESSAGE_HEADER) {
      message_stamp(message, load->bytes, connection->header);
    }
    ssize_t sent = send(connection->descriptor, message + connection->sent,
                        load->bytes - connection->sent, MSG_NOSIGNAL);
    if (sent < 0 && errno == EINTR) continue;
    if (sent < 0 && errno == EAGAIN) return;
    if (sent < 0) return lose(load, connection, "a send failed");
    connection->sent += (size_t)sent;
  }
}

static void start_message(struct load *load, struct connection *connection, uint64_t now) {
  connection->header.sequence++;
  connection->sent = 0;
  connection->received = 0;
  connection->started = now;
  send_rest(load, connection);
}

static void finish_message(struct load *load, struct connection *connection) {
  uint64_t now = now_nanoseconds();
  load_count(load, now - connection->started);
  start_message(load, connection, now);
}

static void receive(struct load *load, struct connection *connection) {
  size_t capacity = load->bytes + SPARE;
  for (;;) {
    ssize_t received = recv(connection->descriptor, receive_buffer, capacity, 0);
    if (received < 0 && errno == EINTR) continue;
    if (received < 0 && errno == EAGAIN) return;
    if (received < 0) return lose(load, connection, "a receive failed");
    if (received == 0) return lose(load, connection, "the server closed a connection");
    size_t length = (size_t)received;
    if (length > connection->sent - connection->received) {
      return lose(load, connection, "more bytes came back than were sent");
    }
    if (!message_matches(message, connection->header, receive_buffer, connection->received,
                         length)) {
      return lose(load, connection, "an echo differs from its message");
    }
    connection->received += length;
    // Only one message is outstanding, so its end is the end of what can arrive.
    if (connection->received == load->bytes) return finish_message(load, connection);
    if (length < capacity) return;
  }
}

static void open_all(struct load *load, struct connection *connections, int epoll) {
  for (unsigned index = 0; index < load->connections; index++) {
    struct connection *connection = &connections[index];
    connection->descriptor = open_connected(load, index);
    connection->header.connection = index;
    struct epoll_event event = {
        .events = EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLET,
        .data.ptr = connection,
    };
    if (epoll_ctl(epoll, EPOLL_CTL_ADD, connection->descriptor, &event) != 0) fail("epoll_ctl");
    if (index % OPENED_AT_ONCE == OPENED_AT_ONCE - 1) wait_until_accepted(load);
  }
  wait_until_accepted(load);
  alive = load->connections;
}

void run_echo(struct load *load) {
  message = malloc(load->bytes);
  receive_buffer = malloc(load->bytes + SPARE);
  struct connection *connections = calloc(load->connections, sizeof *connections);
  int epoll = epoll_create1(EPOLL_CLOEXEC);
  if (message == NULL || receive_buffer == NULL || connections == NULL || epoll < 0) fail("load");
  message_fill(message, load->bytes);
  open_all(load, connections, epoll);

  load_start(load);
  for (unsigned index = 0; index < load->connections; index++) {
    start_message(load, &connections[index], now_nanoseconds());
  }
  static struct epoll_event events[EVENTS_A_TURN];
  while (load_continues(load)) {
    if (alive == 0) {
      load_error(load, "no connection is left");
      exit(1);
    }
    int ready = epoll_wait(epoll, events, EVENTS_A_TURN, 0);
    for (int index = 0; index < ready; index++) {
      struct connection *connection = events[index].data.ptr;
      if (connection->sent < load->bytes) send_rest(load, connection);
      if (connection->descriptor >= 0 && (events[index].events & ~(uint32_t)EPOLLOUT)) {
        receive(load, connection);
      }
    }
  }
}
