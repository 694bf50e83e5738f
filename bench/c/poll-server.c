// The reference for poll(2): an echo server that names all its descriptors in each call.
//
// It prints "listening on 127.0.0.1:PORT" and runs until it is killed. A peer that does not take
// its answers is waited for: it is asked for room, and not read.

#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum { CONNECTIONS = 4096, RECEIVE_SIZE = 256 * 1024 + 4096 };

static struct pollfd entries[CONNECTIONS + 1];
static nfds_t total;
// What a short send left over, by entry.
static struct tail {
  char *bytes;
  size_t length;
  size_t offset;
} tails[CONNECTIONS + 1];
static char buffer[RECEIVE_SIZE];

static void fail(const char *what) {
  perror(what);
  exit(1);
}

static void drop(nfds_t place) {
  close(entries[place].fd);
  free(tails[place].bytes);
  total--;
  entries[place] = entries[total];
  tails[place] = tails[total];
  tails[total] = (struct tail){0};
}

static ssize_t send_some(int descriptor, const char *bytes, size_t length) {
  ssize_t sent;
  do sent = send(descriptor, bytes, length, MSG_NOSIGNAL | MSG_DONTWAIT);
  while (sent < 0 && errno == EINTR);
  return sent < 0 && errno == EAGAIN ? 0 : sent;
}

static bool echo(nfds_t place) {
  const int descriptor = entries[place].fd;
  const ssize_t length = recv(descriptor, buffer, sizeof buffer, MSG_DONTWAIT);
  if (length < 0) return errno == EAGAIN || errno == EINTR;
  if (length == 0) return false;
  const ssize_t sent = send_some(descriptor, buffer, (size_t)length);
  if (sent < 0) return false;
  if (sent == length) return true;
  const size_t left = (size_t)(length - sent);
  tails[place] = (struct tail){malloc(left), left, 0};
  if (tails[place].bytes == NULL) fail("malloc");
  memcpy(tails[place].bytes, buffer + sent, left);
  entries[place].events = POLLOUT;
  return true;
}

static bool flush(nfds_t place) {
  struct tail *tail = &tails[place];
  const size_t left = tail->length - tail->offset;
  const ssize_t sent = send_some(entries[place].fd, tail->bytes + tail->offset, left);
  if (sent < 0) return false;
  tail->offset += (size_t)sent;
  if (tail->offset < tail->length) return true;
  free(tail->bytes);
  *tail = (struct tail){0};
  entries[place].events = POLLIN;
  return true;
}

static void accept_one(void) {
  const int descriptor = accept4(entries[0].fd, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
  if (descriptor < 0) return;
  if (total > CONNECTIONS) {
    close(descriptor);
    return;
  }
  const int on = 1;
  setsockopt(descriptor, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  entries[total++] = (struct pollfd){descriptor, POLLIN, 0};
}

int main(void) {
  const int listener = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
  socklen_t length = sizeof address;
  if (listener < 0 || bind(listener, (struct sockaddr *)&address, length) != 0) fail("bind");
  if (listen(listener, 4096) != 0) fail("listen");
  if (getsockname(listener, (struct sockaddr *)&address, &length) != 0) fail("getsockname");
  entries[total++] = (struct pollfd){listener, POLLIN, 0};
  printf("listening on 127.0.0.1:%d\n", ntohs(address.sin_port));
  fflush(stdout);
  for (;;) {
    if (poll(entries, total, -1) < 0 && errno != EINTR) fail("poll");
    // From the end: an entry that is dropped is replaced by one that was looked at.
    for (nfds_t place = total - 1; place > 0; place--) {
      const short came = entries[place].revents;
      if (came == 0) continue;
      const bool kept = tails[place].bytes != NULL ? flush(place) : echo(place);
      if (!kept) drop(place);
    }
    if (entries[0].revents != 0) accept_one();
  }
}
