/* Writes to a descriptor whose other end is gone, once for each way of doing it, in a forked
   process with the default disposition of SIGPIPE. A line for each: NAME EPIPE, or NAME SIGPIPE. */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <sys/sendfile.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>

static char byte;
static struct iovec vector = {&byte, 1};

static long plain(int fd) { return write(fd, &byte, 1); }
static long by_send(int fd) { return send(fd, &byte, 1, MSG_NOSIGNAL); }
static long by_message(int fd) {
  struct msghdr message = {0};
  message.msg_iov = &vector;
  message.msg_iovlen = 1;
  return sendmsg(fd, &message, MSG_NOSIGNAL);
}
/* RWF_NOSIGNAL, in no C library yet. */
static long by_vector(int fd) { return syscall(SYS_pwritev2, fd, &vector, 1, -1L, -1L, 0x100); }
static long by_sendfile(int fd) {
  off_t offset = 0;
  return sendfile(fd, open("/proc/self/exe", O_RDONLY), &offset, 1);
}
static long by_vmsplice(int fd) { return vmsplice(fd, &vector, 1, 0); }
static long ignored(int fd) {
  signal(SIGPIPE, SIG_IGN);
  return plain(fd);
}

static void attempt(const char* name, int pipes, long (*way)(int)) {
  int fds[2];
  int status = 0;
  if ((pipes ? pipe(fds) : socketpair(AF_UNIX, SOCK_STREAM, 0, fds)) != 0) _exit(2);
  close(fds[0]);
  pid_t child = fork();
  if (child == 0) {
    signal(SIGPIPE, SIG_DFL);
    _exit(way(fds[1]) < 0 ? errno : 0);
  }
  waitpid(child, &status, 0);
  if (WIFSIGNALED(status)) printf("%s %s\n", name, WTERMSIG(status) == SIGPIPE ? "SIGPIPE" : "?");
  else if (WEXITSTATUS(status) == EPIPE) printf("%s EPIPE\n", name);
  else printf("%s %d\n", name, WEXITSTATUS(status));
  close(fds[1]);
}

int main(void) {
  setvbuf(stdout, NULL, _IOLBF, 0);
  attempt("write-socket", 0, plain);
  attempt("write-pipe", 1, plain);
  attempt("send", 0, by_send);
  attempt("sendmsg", 0, by_message);
  attempt("pwritev2-socket", 0, by_vector);
  attempt("pwritev2-pipe", 1, by_vector);
  attempt("sendfile", 0, by_sendfile);
  attempt("vmsplice", 1, by_vmsplice);
  attempt("ignored-pipe", 1, ignored);
  return 0;
}
