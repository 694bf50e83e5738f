// Opens connections and holds them, so that the server's memory for them can be read.

#define _GNU_SOURCE
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "load.h"
#include "message.h"

enum { OPENED_AT_ONCE = 128, PATIENCE_MILLISECONDS = 10000, ANSWER_MAX = 4096 };

static size_t receive_some(int descriptor, char *buffer, size_t room) {
  struct pollfd readable = {.fd = descriptor, .events = POLLIN};
  if (poll(&readable, 1, PATIENCE_MILLISECONDS) != 1) fail("load: no answer");
  ssize_t length = recv(descriptor, buffer, room, 0);
  if (length <= 0) fail("load: receive");
  return (size_t)length;
}

static void echo_once(const struct load *load, int descriptor, char *message, unsigned index) {
  struct message_header header = {.connection = index};
  message_stamp(message, load->bytes, header);
  if (send(descriptor, message, load->bytes, MSG_NOSIGNAL) != (ssize_t)load->bytes) {
    fail("load: send");
  }
  char buffer[ANSWER_MAX];
  for (size_t received = 0; received < load->bytes;) {
    received += receive_some(descriptor, buffer, sizeof buffer);
  }
}

// The head of the answer and its body fit into the buffer: the answers asked for are short.
static void ask_once(const struct load *load, int descriptor) {
  char text[ANSWER_MAX];
  const char *request = "GET /%zu HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n";
  int asked = snprintf(text, sizeof text, request, load->bytes);
  if (send(descriptor, text, (size_t)asked, MSG_NOSIGNAL) != asked) fail("load: send");
  for (size_t received = 0;;) {
    received += receive_some(descriptor, text + received, sizeof text - 1 - received);
    text[received] = 0;
    if (strncmp(text, "HTTP/1.1 200 ", received < 13 ? received : 13) != 0) {
      fputs("load: an answer is not 200\n", stderr);
      exit(1);
    }
    const char *end = strstr(text, "\r\n\r\n");
    if (end != NULL && received - (size_t)(end + 4 - text) >= load->bytes) return;
  }
}

void run_idle(struct load *load) {
  char *message = malloc(load->bytes + 1);
  if (message == NULL) fail("load");
  message_fill(message, load->bytes);
  for (unsigned index = 0; index < load->connections; index++) {
    int descriptor = open_connected(load, index);
    if (load->http) ask_once(load, descriptor);
    else if (load->bytes > 0) echo_once(load, descriptor, message, index);
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
