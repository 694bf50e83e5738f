/* borrow PID FD: shares a descriptor of another process, as a child that inherited it would, and
   makes it blocking. Prints "blocking" or "non-blocking", then again for each line it reads. */
#define _GNU_SOURCE
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <unistd.h>

int main(int count, char** given) {
  char line[8];
  if (count != 3) return 2;
  int process = syscall(SYS_pidfd_open, atoi(given[1]), 0);
  int fd = syscall(SYS_pidfd_getfd, process, atoi(given[2]), 0);
  if (fd < 0) return 1;
  setvbuf(stdout, NULL, _IOLBF, 0);
  puts(fcntl(fd, F_GETFL) & O_NONBLOCK ? "non-blocking" : "blocking");
  fcntl(fd, F_SETFL, fcntl(fd, F_GETFL) & ~O_NONBLOCK);
  while (fgets(line, sizeof line, stdin) != NULL) {
    puts(fcntl(fd, F_GETFL) & O_NONBLOCK ? "non-blocking" : "blocking");
  }
  return 0;
}
