// The baseline before all event loops: an echo server in C with a thread for each connection, whose
// calls block.
//
//   server-threads
//
// It prints "listening on 127.0.0.1:PORT" and runs until it is killed.

#define _GNU_SOURCE
#include <errno.h>
#include <pthread.h>
#include <stdint.h>
#include <unistd.h>

#include "listening.h"

enum { BUFFER_SIZE = 256 * 1024, STACK_SIZE = 512 * 1024 };

static int send_all(int descriptor, const char *bytes, size_t length) {
  while (length > 0) {
    ssize_t sent = send(descriptor, bytes, length, MSG_NOSIGNAL);
    if (sent < 0 && errno == EINTR) continue;
    if (sent < 0) return -1;
    bytes += sent;
    length -= (size_t)sent;
  }
  return 0;
}

static void *serve(void *argument) {
  int descriptor = (int)(intptr_t)argument;
  // On the stack, so that only what messages touch is ever there.
  char buffer[BUFFER_SIZE];
  for (;;) {
    ssize_t received = recv(descriptor, buffer, sizeof buffer, 0);
    if (received < 0 && errno == EINTR) continue;
    if (received <= 0) break;
    if (send_all(descriptor, buffer, (size_t)received) != 0) break;
  }
  close(descriptor);
  return NULL;
}

int main(void) {
  int listener = listen_on_loopback(0);
  pthread_attr_t attributes;
  pthread_attr_init(&attributes);
  pthread_attr_setstacksize(&attributes, STACK_SIZE);
  pthread_attr_setdetachstate(&attributes, PTHREAD_CREATE_DETACHED);
  for (;;) {
    int descriptor = accept4(listener, NULL, NULL, SOCK_CLOEXEC);
    if (descriptor < 0) {
      if (errno == EINTR || errno == ECONNABORTED) continue;
      fail("accept4");
    }
    pthread_t thread;
    int error = pthread_create(&thread, &attributes, serve, (void *)(intptr_t)descriptor);
    if (error != 0) {
      errno = error;
      perror("pthread_create");
      close(descriptor);
    }
  }
}
