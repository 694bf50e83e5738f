// The reference for datagrams: a UDP echo on edge-triggered epoll.
//
//   datagrams [--plain]
//
// It takes and sends up to 64 datagrams with one call (recvmmsg, sendmmsg), or with --plain one
// (recvfrom, sendto). It prints "listening on 127.0.0.1:PORT" and runs until it is killed.

#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

enum { BATCH = 64, DATAGRAM_MAX = 65536 };

static char buffers[BATCH][DATAGRAM_MAX];

static void fail(const char *what) {
  perror(what);
  exit(1);
}

// A datagram that the kernel does not take now is lost, as datagrams may be.
static void echo_plain(int descriptor) {
  for (;;) {
    struct sockaddr_in from;
    socklen_t room = sizeof from;
    ssize_t length =
        recvfrom(descriptor, buffers[0], DATAGRAM_MAX, 0, (struct sockaddr *)&from, &room);
    if (length < 0 && errno == EINTR) continue;
    if (length < 0) return;
    sendto(descriptor, buffers[0], (size_t)length, 0, (struct sockaddr *)&from, room);
  }
}

static void echo_batches(int descriptor) {
  static struct sockaddr_in addresses[BATCH];
  static struct iovec pieces[BATCH];
  static struct mmsghdr messages[BATCH];
  for (;;) {
    for (int index = 0; index < BATCH; index++) {
      pieces[index] = (struct iovec){.iov_base = buffers[index], .iov_len = DATAGRAM_MAX};
      messages[index].msg_hdr = (struct msghdr){
          .msg_name = &addresses[index],
          .msg_namelen = sizeof addresses[index],
          .msg_iov = &pieces[index],
          .msg_iovlen = 1,
      };
    }
    int received = recvmmsg(descriptor, messages, BATCH, MSG_DONTWAIT, NULL);
    if (received < 0 && errno == EINTR) continue;
    if (received < 0) return;
    for (int index = 0; index < received; index++) pieces[index].iov_len = messages[index].msg_len;
    for (int sent = 0; sent < received;) {
      int count = sendmmsg(descriptor, messages + sent, (unsigned)(received - sent), 0);
      sent += count > 0 ? count : 1;
    }
    // Fewer than there was room for: the queue is empty, and the next datagram is a new edge.
    if (received < BATCH) return;
  }
}

static int bind_to_loopback(void) {
  int descriptor = socket(AF_INET, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  struct sockaddr_in address = {
      .sin_family = AF_INET,
      .sin_addr.s_addr = htonl(INADDR_LOOPBACK),
  };
  socklen_t length = sizeof address;
  if (descriptor < 0) fail("socket");
  if (bind(descriptor, (struct sockaddr *)&address, length) != 0) fail("bind");
  if (getsockname(descriptor, (struct sockaddr *)&address, &length) != 0) fail("getsockname");
  printf("listening on 127.0.0.1:%d\n", ntohs(address.sin_port));
  fflush(stdout);
  return descriptor;
}

int main(int count, char **arguments) {
  bool plain = count == 2 && strcmp(arguments[1], "--plain") == 0;
  if (count != 1 + plain) {
    fprintf(stderr, "usage: datagrams [--plain]\n");
    return 2;
  }
  int epoll = epoll_create1(EPOLL_CLOEXEC);
  if (epoll < 0) fail("epoll_create1");
  int descriptor = bind_to_loopback();
  struct epoll_event event = {.events = EPOLLIN | EPOLLET};
  if (epoll_ctl(epoll, EPOLL_CTL_ADD, descriptor, &event) != 0) fail("epoll_ctl");
  for (;;) {
    int ready = epoll_wait(epoll, &event, 1, -1);
    if (ready < 0 && errno != EINTR) fail("epoll_wait");
    if (ready <= 0) continue;
    if (plain) echo_plain(descriptor);
    else echo_batches(descriptor);
  }
}
