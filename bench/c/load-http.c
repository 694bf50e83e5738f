// Requests of HTTP/1.1 over kept connections: each has one under way, and checks the whole answer.
// The target is the size of the body, /1024; servers that know one answer only may ignore it.

#define _GNU_SOURCE
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>

#include "content.h"
#include "load.h"

enum { EVENTS_A_TURN = 1024, OPENED_AT_ONCE = 128, PIECE_MAX = 512 * 1024, HEAD_MAX = 2048 };

// What a browser sends: ten fields.
#define BROWSER_FIELDS                                                                           \
  "User-Agent: Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0\r\n"       \
  "Accept: text/html,application/xhtml+xml,application/xml;q=0.9,image/webp,*/*;q=0.8\r\n"       \
  "Accept-Language: en-US,en;q=0.5\r\nAccept-Encoding: gzip, deflate\r\n"                        \
  "Connection: keep-alive\r\nUpgrade-Insecure-Requests: 1\r\nSec-Fetch-Dest: document\r\n"       \
  "Sec-Fetch-Mode: navigate\r\nSec-Fetch-Site: none\r\n"

struct connection {
  int descriptor;
  // The head of the answer, as far as it has come; `body`: it is complete.
  size_t head;
  bool body;
  size_t received;
  uint64_t started;
  char text[HEAD_MAX];
};

static char request[2048];
static size_t request_length;
static char piece[PIECE_MAX];

static void stop(const char *what) {
  fprintf(stderr, "load: %s\n", what);
  exit(1);
}

static void ask(struct connection *connection) {
  connection->head = 0;
  connection->body = false;
  connection->received = 0;
  connection->started = now_nanoseconds();
  if (send(connection->descriptor, request, request_length, MSG_NOSIGNAL) !=
      (ssize_t)request_length) {
    fail("load: a request was not sent");
  }
}

// Of a complete head: is it 200, and does it promise the body that is expected?
static void check_head(const struct load *load, const char *text) {
  if (strncmp(text, "HTTP/1.1 200 ", 13) != 0) stop("an answer is not 200");
  const char *length = strcasestr(text, "\r\nContent-Length: ");
  if (length == NULL || strtoul(length + 18, NULL, 10) != load->bytes) {
    stop("an answer has another length than was expected");
  }
}

// Takes what of these bytes is head; answers how many that were.
static size_t take_head(const struct load *load, struct connection *connection, const char *bytes,
                        size_t length) {
  size_t before = connection->head;
  size_t room = HEAD_MAX - 1 - before;
  size_t taken = length < room ? length : room;
  memcpy(connection->text + before, bytes, taken);
  connection->text[before + taken] = 0;
  size_t from = before < 3 ? 0 : before - 3;
  char *end = memmem(connection->text + from, before + taken - from, "\r\n\r\n", 4);
  if (end == NULL) {
    if (taken < length || taken == room) stop("the head of an answer does not end");
    connection->head += taken;
    return length;
  }
  end[2] = 0;
  check_head(load, connection->text);
  connection->body = true;
  return (size_t)(end + 4 - connection->text) - before;
}

static void receive(struct load *load, struct connection *connection) {
  for (;;) {
    ssize_t result = recv(connection->descriptor, piece, PIECE_MAX, 0);
    if (result < 0 && errno == EINTR) continue;
    if (result < 0 && errno == EAGAIN) return;
    if (result <= 0) stop("the server closed a connection");
    size_t length = (size_t)result;
    size_t at = connection->body ? 0 : take_head(load, connection, piece, length);
    size_t found = length - at;
    if (found > load->bytes - connection->received) stop("more bytes came than were promised");
    if (load->content && !content_matches(piece + at, connection->received, found)) {
      load_error(load, "an answer differs from the file");
    }
    connection->received += found;
    if (connection->body && connection->received == load->bytes) {
      load_count(load, now_nanoseconds() - connection->started);
      ask(connection);
      // One request is under way, so its end is the end of what can arrive.
    }
    if (length < PIECE_MAX) return;
  }
}

void run_http(struct load *load) {
  request_length = (size_t)snprintf(request, sizeof request,
                                    "GET /%zu HTTP/1.1\r\nHost: 127.0.0.1\r\n%s\r\n", load->bytes,
                                    load->browser ? BROWSER_FIELDS : "");
  struct connection *connections = calloc(load->connections, sizeof *connections);
  int epoll = epoll_create1(EPOLL_CLOEXEC);
  if (connections == NULL || epoll < 0) fail("load");
  for (unsigned index = 0; index < load->connections; index++) {
    struct connection *connection = &connections[index];
    connection->descriptor = open_connected(load, index);
    struct epoll_event event = {.events = EPOLLIN | EPOLLRDHUP | EPOLLET, .data.ptr = connection};
    if (epoll_ctl(epoll, EPOLL_CTL_ADD, connection->descriptor, &event) != 0) fail("epoll_ctl");
  }

  load_start(load);
  for (unsigned index = 0; index < load->connections; index++) ask(&connections[index]);
  static struct epoll_event events[EVENTS_A_TURN];
  while (load_continues(load)) {
    int ready = epoll_wait(epoll, events, EVENTS_A_TURN, 0);
    for (int index = 0; index < ready; index++) receive(load, events[index].data.ptr);
  }
}
