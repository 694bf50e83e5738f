// Asynchronous I/O that tells of its end by a signal: POSIX AIO (aio(7)).
//
//   cc -O2 -o aio-signal aio-signal.c -lrt && ./aio-signal FILE
//
// A file is read in blocks, all at once. The signal is a standard one: it does not queue, and does
// not say which request is done, so each time all control blocks are looked at. glibc does the
// reading in threads. Prints the bytes, their sum, the requests and the runs of the handler.
#define _GNU_SOURCE
#include <aio.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#define BLOCK 4096

static volatile sig_atomic_t runs = 0;

static void on_signal(int number) {
  (void)number;
  runs++;
}

static void require(int holds, const char* what) {
  if (holds) return;
  perror(what);
  exit(1);
}

/** Starts to read one block; SIGUSR1 comes when it is there, or failed. */
static void start(struct aiocb* request, int fd, off_t offset) {
  memset(request, 0, sizeof *request);
  request->aio_fildes = fd;
  request->aio_offset = offset;
  request->aio_nbytes = BLOCK;
  request->aio_buf = malloc(BLOCK);
  request->aio_sigevent.sigev_notify = SIGEV_SIGNAL;
  request->aio_sigevent.sigev_signo = SIGUSR1;
  require(request->aio_buf != NULL && aio_read(request) == 0, "aio_read");
}

/** Takes what is done since the last look out of all of them. How many that were. */
static int scan(struct aiocb* requests, int total, char* taken, uint64_t* bytes, uint32_t* sum) {
  int done = 0;
  for (int place = 0; place < total; place++) {
    if (taken[place] || aio_error(&requests[place]) == EINPROGRESS) continue;
    const ssize_t length = aio_return(&requests[place]);
    require(length >= 0, "aio_return");
    const unsigned char* block = (const unsigned char*)requests[place].aio_buf;
    for (ssize_t byte = 0; byte < length; byte++) *sum += block[byte];
    *bytes += (uint64_t)length;
    taken[place] = 1;
    done++;
  }
  return done;
}

int main(int count, char** arguments) {
  require(count == 2, "usage: aio-signal FILE");
  const int fd = open(arguments[1], O_RDONLY | O_CLOEXEC);
  struct stat status;
  require(fd >= 0 && fstat(fd, &status) == 0, arguments[1]);
  const int total = (int)((status.st_size + BLOCK - 1) / BLOCK);
  struct aiocb* requests = calloc((size_t)total + 1, sizeof *requests);
  char* taken = calloc((size_t)total + 1, 1);
  require(requests != NULL && taken != NULL, "calloc");
  struct sigaction action = {0};
  action.sa_handler = on_signal;
  require(sigaction(SIGUSR1, &action, NULL) == 0, "sigaction");
  sigset_t blocked, before;
  sigemptyset(&blocked);
  sigaddset(&blocked, SIGUSR1);
  // glibc's threads inherit this, and the signal is for the process: it comes while we wait.
  require(sigprocmask(SIG_BLOCK, &blocked, &before) == 0, "sigprocmask");
  for (int place = 0; place < total; place++) start(&requests[place], fd, (off_t)place * BLOCK);
  uint64_t bytes = 0;
  uint32_t sum = 0;
  // Busy with something else meanwhile.
  const struct timespec busy = {0, 20000000};
  nanosleep(&busy, NULL);
  for (int done = 0; done < total;) {
    sigsuspend(&before);
    done += scan(requests, total, taken, &bytes, &sum);
  }
  printf("%llu bytes, sum %u, %d requests, %d runs of the handler\n", (unsigned long long)bytes,
         sum, total, (int)runs);
  return 0;
}
