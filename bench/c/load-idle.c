// Opens connections and holds them, so that the server's memory for them can be read.

#define _GNU_SOURCE
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "load.h"
#include "message.h"

enum { OPENED_AT_ONCE = 128, PATIENCE_MILLISECONDS = 10000 };

static void echo_once(const struct load *load, int descriptor, char *message, unsigned index) {
  struct message_header header = {.connection = index};
  message_stamp(message, load->bytes, header);
  if (send(descriptor, message, load->bytes, MSG_NOSIGNAL) != (ssize_t)load->bytes) {
    fail("load: send");
  }
  for (size_t received = 0; received < load->bytes;) {
    struct pollfd readable = {.fd = descriptor, .events = POLLIN};
    if (poll(&readable, 1, PATIENCE_MILLISECONDS) != 1) fail("load: no echo");
    char buffer[4096];
    ssize_t length = recv(descriptor, buffer, sizeof buffer, 0);
    if (length <= 0) fail("load: receive");
    received += (size_t)length;
  }
}

void run_idle(struct load *load) {
  char *message = malloc(load->bytes + 1);
  if (message == NULL) fail("load");
  message_fill(message, load->bytes);
  for (unsigned index = 0; index < load->connections; index++) {
    int descriptor = open_connected(load, index);
    if (load->bytes > 0) echo_once(load, descriptor, message, index);
    if (index % OPENED_AT_ONCE == OPENED_AT_ONCE - 1) wait_until_accepted(load);
  }
  wait_until_accepted(load);
  printf("open %u\n", load->connections);
  fflush(stdout);
  for (;;) {
    char byte;
    ssize_t length = read(STDIN_FILENO, &byte, 1);
    if (length == 0 || (length < 0 && errno != EINTR)) return;
  }
}
