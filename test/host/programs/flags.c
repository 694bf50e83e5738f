/* Each of the six ways not to wait, where the headers define it. A line for each:
   NAME value result where
   result: what reading an empty descriptor gave; where: "shared" when a forked process finds the
   descriptor non-blocking too, "own" when it does not. */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

static int seen_by_another(int fd) {
  int status = 0;
  pid_t child = fork();
  if (child == 0) _exit((fcntl(fd, F_GETFL) & O_NONBLOCK) != 0);
  waitpid(child, &status, 0);
  return WEXITSTATUS(status);
}

static void report(const char* name, long value, int fd, ssize_t result) {
  const char* said = result >= 0 ? "bytes" : errno == EAGAIN ? "EAGAIN" : strerror(errno);
  printf("%s %ld %s %s\n", name, value, said, seen_by_another(fd) ? "shared" : "own");
}

static void open_empty(int fds[2], int pipes) {
  if ((pipes ? pipe(fds) : socketpair(AF_UNIX, SOCK_STREAM, 0, fds)) != 0) _exit(2);
}

static void close_both(const int fds[2]) {
  close(fds[0]);
  close(fds[1]);
}

static void by_fcntl(const char* name, int flag, int pipes) {
  int fds[2];
  char byte;
  open_empty(fds, pipes);
  if (fcntl(fds[0], F_SETFL, fcntl(fds[0], F_GETFL) | flag) != 0) _exit(3);
  report(name, flag, fds[0], read(fds[0], &byte, 1));
  close_both(fds);
}

static void by_ioctl(int pipes) {
  int fds[2];
  int on = 1;
  char byte;
  open_empty(fds, pipes);
  if (ioctl(fds[0], FIONBIO, &on) != 0) _exit(4);
  report("FIONBIO", FIONBIO, fds[0], read(fds[0], &byte, 1));
  close_both(fds);
}

static void by_receive(const char* name, int flag) {
  int fds[2];
  char byte;
  open_empty(fds, 0);
  report(name, flag, fds[0], recv(fds[0], &byte, 1, flag));
  close_both(fds);
}

int main(void) {
  setvbuf(stdout, NULL, _IOLBF, 0);
  /* What waits after all is ended by SIGALRM. */
  alarm(5);
  for (int pipes = 0; pipes < 2; pipes++) {
    by_ioctl(pipes);
#ifdef FNONBLOCK
    by_fcntl("FNONBLOCK", FNONBLOCK, pipes);
#endif
#ifdef O_NDELAY
    by_fcntl("O_NDELAY", O_NDELAY, pipes);
#endif
    by_fcntl("O_NONBLOCK", O_NONBLOCK, pipes);
  }
#ifdef MSG_NBIO
  by_receive("MSG_NBIO", MSG_NBIO);
#endif
  by_receive("MSG_DONTWAIT", MSG_DONTWAIT);
  return 0;
}
