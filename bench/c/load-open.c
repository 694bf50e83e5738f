// Opening connections, at the pace at which the server accepts them.

#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include "load.h"

enum { SOURCE_ADDRESSES = 250 };

static int open_socket(unsigned index, int flags) {
  int descriptor = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | flags, 0);
  if (descriptor < 0) return -1;
  int on = 1;
  setsockopt(descriptor, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  // The port is chosen at connect, when the kernel knows both ends: then only the pair has to be
  // unique.
  setsockopt(descriptor, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, &on, sizeof on);
  struct sockaddr_in source = {
      .sin_family = AF_INET,
      .sin_addr.s_addr = htonl(INADDR_LOOPBACK + index % SOURCE_ADDRESSES),
  };
  if (bind(descriptor, (struct sockaddr *)&source, sizeof source) == 0) return descriptor;
  close(descriptor);
  return -1;
}

static int connect_socket(const struct load *load, int descriptor) {
  return connect(descriptor, (const struct sockaddr *)&load->server, sizeof load->server);
}

int open_connecting(const struct load *load, unsigned index) {
  int descriptor = open_socket(index, SOCK_NONBLOCK);
  if (descriptor < 0) return -1;
  if (connect_socket(load, descriptor) == 0 || errno == EINPROGRESS) return descriptor;
  close(descriptor);
  return -1;
}

int open_connected(const struct load *load, unsigned index) {
  int descriptor = open_socket(index, 0);
  if (descriptor < 0) fail("load: socket");
  if (connect_socket(load, descriptor) != 0) fail("load: connect");
  if (fcntl(descriptor, F_SETFL, O_NONBLOCK) != 0) fail("load: fcntl");
  return descriptor;
}

// A listener's queue is first in, first out: once one more connection got an answer, all before
// it were accepted. Without this pace a slow server's queue overflows, and the kernel answers a
// dropped SYN a second later.
void wait_until_accepted(const struct load *load) {
  int descriptor = open_socket(0, 0);
  if (descriptor < 0) fail("load: socket");
  struct timeval patience = {.tv_sec = 10};
  setsockopt(descriptor, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
  if (connect_socket(load, descriptor) != 0) fail("load: connect");
  char byte = '!';
  if (send(descriptor, &byte, 1, MSG_NOSIGNAL) != 1) fail("load: send");
  if (recv(descriptor, &byte, 1, 0) != 1) fail("load: the server did not echo one byte");
  close(descriptor);
}
