// The reference: an echo server in C on edge-triggered epoll, with no system call to spare.
//
//   server [--buffer BYTES]
//
//   BENCH_FILE   a file: who sends "file" and a line feed, and nothing else, gets it, by sendfile
//
// It prints "listening on 127.0.0.1:PORT" and runs until it is killed.
//
// What keeps it fast: one registration in the life of a connection, one receive a message (a
// receive shorter than the buffer has drained the socket), the answer sent from the receive
// buffer, and no memory for a connection beyond 32 bytes unless its peer does not read.

#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/sendfile.h>
#include <sys/stat.h>
#include <unistd.h>

#include "listening.h"

enum { EVENTS_A_TURN = 1024 };

// A receive that fills the buffer says nothing about what is left, so it forces a second one that
// ends in EAGAIN. One page more than 256 KiB: no message of the benchmark fills it exactly.
static size_t receive_size = 256 * 1024 + 4096;
static char *receive_buffer;
static int file = -1;
static off_t file_size;
static const char request[] = "file\n";
enum { REQUEST_LENGTH = sizeof request - 1 };
// Most of the file that one connection gets before the others have their turn: a peer that reads
// as fast as we send never fills the socket.
static const size_t file_turn = 512 * 1024;
static int epoll;

// What a short send left over. While there is one, its connection is not read: the peer that
// does not take answers must not make us hold more of them.
struct tail {
  size_t length;
  size_t offset;
  char bytes[];
};

struct connection {
  int descriptor;
  bool peer_ended;
  struct tail *tail;
  // Bytes of the file that are still to be sent; like a tail, they come before the next read.
  off_t file_left;
};

static void destroy(struct connection *connection) {
  // Closing also takes it out of epoll. A batch holds one event for each descriptor, so no later
  // event of this batch can point to the freed memory.
  close(connection->descriptor);
  free(connection->tail);
  free(connection);
}

// Sends what the socket takes; -1 when the connection is gone, else the number of bytes taken.
static ssize_t send_some(int descriptor, const char *bytes, size_t length) {
  ssize_t sent;
  do sent = send(descriptor, bytes, length, MSG_NOSIGNAL);
  while (sent < 0 && errno == EINTR);
  if (sent < 0 && errno == EAGAIN) return 0;
  return sent;
}

static bool keep_tail(struct connection *connection, const char *bytes, size_t length) {
  struct tail *tail = malloc(sizeof *tail + length);
  if (tail == NULL) return false;
  tail->length = length;
  tail->offset = 0;
  memcpy(tail->bytes, bytes, length);
  connection->tail = tail;
  return true;
}

static bool echo(struct connection *connection, size_t length) {
  ssize_t sent = send_some(connection->descriptor, receive_buffer, length);
  if (sent < 0) return false;
  if ((size_t)sent == length) return true;
  // Epoll reports room again only after a send met a full socket. A short send is one.
  return keep_tail(connection, receive_buffer + sent, length - (size_t)sent);
}

// False when the connection is gone.
static bool flush_tail(struct connection *connection) {
  struct tail *tail = connection->tail;
  size_t left = tail->length - tail->offset;
  ssize_t sent = send_some(connection->descriptor, tail->bytes + tail->offset, left);
  if (sent < 0) return false;
  tail->offset += (size_t)sent;
  if (tail->offset == tail->length) {
    free(tail);
    connection->tail = NULL;
  }
  return true;
}

static const uint32_t interest = EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLET;

static void control(int operation, struct connection *connection) {
  struct epoll_event event = {.events = interest, .data.ptr = connection};
  if (epoll_ctl(epoll, operation, connection->descriptor, &event) != 0) fail("epoll_ctl");
}

// False when the connection is gone, or the file has become shorter. Where the file is not in the
// page cache sendfile waits for the disk, and with it every other connection.
static bool send_file(struct connection *connection) {
  size_t turn = file_turn;
  while (connection->file_left > 0) {
    if (turn == 0) {
      // Registering again reports at once, in the next turn, that there is room.
      control(EPOLL_CTL_MOD, connection);
      return true;
    }
    off_t offset = file_size - connection->file_left;
    size_t wanted = connection->file_left < (off_t)turn ? (size_t)connection->file_left : turn;
    ssize_t sent = sendfile(connection->descriptor, file, &offset, wanted);
    if (sent < 0 && errno == EINTR) continue;
    if (sent < 0 && errno == EAGAIN) return true;
    if (sent <= 0) return false;
    connection->file_left -= sent;
    turn -= (size_t)sent;
  }
  return true;
}

static bool answer(struct connection *connection, size_t length) {
  if (length == REQUEST_LENGTH && file >= 0 && memcmp(receive_buffer, request, length) == 0) {
    connection->file_left = file_size;
    return send_file(connection);
  }
  return echo(connection, length);
}

// False when the connection is gone.
static bool read_and_answer(struct connection *connection) {
  while (connection->tail == NULL && connection->file_left == 0) {
    ssize_t received = recv(connection->descriptor, receive_buffer, receive_size, 0);
    if (received == 0) return false;
    if (received < 0) {
      if (errno == EINTR) continue;
      return errno == EAGAIN;
    }
    if (!answer(connection, (size_t)received)) return false;
    // Short means drained, and the next byte brings a new edge; but the end of the stream has
    // had its edge already, so after that one only a read of 0 tells that everything was read.
    if ((size_t)received < receive_size && !connection->peer_ended) return true;
  }
  return true;
}

static void handle(struct connection *connection, uint32_t events) {
  if (events & (EPOLLRDHUP | EPOLLHUP | EPOLLERR)) connection->peer_ended = true;
  bool alive = true;
  // The edge for bytes that came while a tail was waiting is gone: read once it is flushed.
  bool readable = (events & (EPOLLIN | EPOLLRDHUP | EPOLLHUP | EPOLLERR)) != 0;
  if (connection->tail != NULL || connection->file_left > 0) {
    if (events & (EPOLLOUT | EPOLLHUP | EPOLLERR)) {
      alive = connection->tail != NULL ? flush_tail(connection) : send_file(connection);
    }
    readable = true;
  }
  if (alive && readable) alive = read_and_answer(connection);
  if (!alive) destroy(connection);
}

static void accept_all(int listener) {
  for (;;) {
    int descriptor = accept4(listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
    if (descriptor < 0) {
      if (errno == EINTR || errno == ECONNABORTED) continue;
      if (errno != EAGAIN) perror("accept4");
      return;
    }
    struct connection *connection = calloc(1, sizeof *connection);
    if (connection == NULL) fail("calloc");
    connection->descriptor = descriptor;
    control(EPOLL_CTL_ADD, connection);
  }
}

static void open_file(const char *path) {
  if (path == NULL) return;
  struct stat status;
  file = open(path, O_RDONLY | O_CLOEXEC);
  if (file < 0 || fstat(file, &status) != 0) fail(path);
  file_size = status.st_size;
}

static void allow_many_descriptors(void) {
  struct rlimit limit;
  if (getrlimit(RLIMIT_NOFILE, &limit) != 0) return;
  limit.rlim_cur = limit.rlim_max;
  setrlimit(RLIMIT_NOFILE, &limit);
}

int main(int count, char **arguments) {
  if (count == 3 && strcmp(arguments[1], "--buffer") == 0) {
    receive_size = strtoul(arguments[2], NULL, 10);
  } else if (count != 1) {
    fprintf(stderr, "usage: server [--buffer BYTES]\n");
    return 2;
  }
  receive_buffer = malloc(receive_size);
  if (receive_size == 0 || receive_buffer == NULL) fail("receive buffer");
  allow_many_descriptors();
  open_file(getenv("BENCH_FILE"));

  epoll = epoll_create1(EPOLL_CLOEXEC);
  if (epoll < 0) fail("epoll_create1");
  int listener = listen_on_loopback(SOCK_NONBLOCK);
  // A null pointer is the listener's.
  struct epoll_event event = {.events = EPOLLIN | EPOLLET, .data.ptr = NULL};
  if (epoll_ctl(epoll, EPOLL_CTL_ADD, listener, &event) != 0) fail("epoll_ctl");

  static struct epoll_event events[EVENTS_A_TURN];
  for (;;) {
    int ready = epoll_wait(epoll, events, EVENTS_A_TURN, -1);
    if (ready < 0 && errno != EINTR) fail("epoll_wait");
    for (int index = 0; index < ready; index++) {
      struct connection *connection = events[index].data.ptr;
      if (connection == NULL) accept_all(listener);
      else handle(connection, events[index].events);
    }
  }
}
