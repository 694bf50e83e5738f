/* signal-thread PID TID: sends SIGPIPE to one thread, as a broken pipe does (tgkill(2)). */
#define _GNU_SOURCE
#include <signal.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <unistd.h>

int main(int count, char** given) {
  if (count != 3) return 2;
  return syscall(SYS_tgkill, atoi(given[1]), atoi(given[2]), SIGPIPE) == 0 ? 0 : 1;
}
