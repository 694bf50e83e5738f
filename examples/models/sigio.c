// Signal-driven I/O as it was first: one standard signal, SIGIO, for whatever comes.
//
//   cc -O2 -o sigio sigio.c && ./sigio 10
//
// A child sends so many datagrams while this process is busy. Standard signals do not queue: one is
// pending or none is, so the handler runs once or twice, whatever came. A signal therefore says
// "look", and nothing more: each time everything is read until nothing is left, and nothing is
// lost. Prints datagrams and runs of the handler.
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static volatile sig_atomic_t runs = 0;

/** A handler may do next to nothing (signal-safety(7)); this one counts. */
static void on_signal(int number) {
  (void)number;
  runs++;
}

static void require(int holds, const char* what) {
  if (holds) return;
  perror(what);
  exit(1);
}

/** Makes the descriptor send SIGIO to this process when something comes (fcntl(2)). */
static void add(int fd) {
  require(fcntl(fd, F_SETOWN, getpid()) == 0, "F_SETOWN");
  const int flags = fcntl(fd, F_GETFL);
  require(flags >= 0 && fcntl(fd, F_SETFL, flags | O_ASYNC | O_NONBLOCK) == 0, "F_SETFL");
}

/** No signal comes from it any more. */
static void drop(int fd) {
  const int flags = fcntl(fd, F_GETFL);
  require(flags >= 0 && fcntl(fd, F_SETFL, flags & ~O_ASYNC) == 0, "F_SETFL");
}

/** Everything that is there: the signal does not say how much. */
static int resync(int fd) {
  char byte;
  int datagrams = 0;
  while (recv(fd, &byte, 1, 0) >= 0) datagrams++;
  require(errno == EAGAIN, "recv");
  return datagrams;
}

static void send_all(int fd, int total) {
  for (int sent = 0; sent < total; sent++) require(send(fd, "x", 1, 0) == 1, "send");
  exit(0);
}

int main(int count, char** arguments) {
  const int total = count > 1 ? atoi(arguments[1]) : 10;
  int ends[2];
  require(socketpair(AF_UNIX, SOCK_DGRAM, 0, ends) == 0, "socketpair");
  struct sigaction action = {0};
  action.sa_handler = on_signal;
  require(sigaction(SIGIO, &action, NULL) == 0, "sigaction");
  sigset_t blocked, before;
  sigemptyset(&blocked);
  sigaddset(&blocked, SIGIO);
  // It is handled where we wait for it, and nowhere else.
  require(sigprocmask(SIG_BLOCK, &blocked, &before) == 0, "sigprocmask");
  add(ends[0]);
  const pid_t child = fork();
  require(child >= 0, "fork");
  if (child == 0) send_all(ends[1], total);
  // Busy with something else until all was sent.
  require(waitpid(child, NULL, 0) == child, "waitpid");
  int datagrams = 0;
  while (datagrams < total) {
    sigsuspend(&before);
    datagrams += resync(ends[0]);
  }
  const int heard = runs;
  drop(ends[0]);
  require(send(ends[1], "x", 1, 0) == 1, "send");
  sigset_t pending;
  require(sigpending(&pending) == 0 && !sigismember(&pending, SIGIO), "silence after removing");
  printf("%d datagrams, %d runs of the handler\n", datagrams, heard);
  return 0;
}
