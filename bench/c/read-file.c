// The reference for files: random reads of 4 KiB, with no system call to spare.
//
//   read-file FILE DEPTH SECONDS WARMUP direct|buffered
//   read-file probe       says that it can run
//
//   direct    O_DIRECT and kernel aio: DEPTH reads are always under way
//   buffered  pread, one after another: out of the page cache nothing is won by more (DEPTH is
//             ignored)
//
// It prints one line of JSON: reads, seconds, processor time, and reads with foreign bytes.

#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <linux/aio_abi.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "clock.h"
#include "content.h"

enum { BLOCK = 4096, DEPTH_MAX = 1024 };

static int file;
static uint64_t blocks;
static uint64_t warmup;
static uint64_t duration;

// The measured interval.
static bool measuring;
static uint64_t began;
static uint64_t cpu_began;
static uint64_t reads;
static uint64_t errors;

static void fail(const char *what) {
  perror(what);
  exit(1);
}

static uint64_t random_offset(void) {
  static uint64_t state = 88172645463325252u;
  state ^= state << 13;
  state ^= state >> 7;
  state ^= state << 17;
  return state % blocks * BLOCK;
}

// False when the interval is over: it prints what was measured.
static bool continues(void) {
  uint64_t now = now_nanoseconds();
  if (!measuring) {
    if (now - began < warmup) return true;
    measuring = true;
    reads = 0;
    cpu_began = clock_nanoseconds(CLOCK_PROCESS_CPUTIME_ID);
    began = now;
    return true;
  }
  if (now - began < duration) return true;
  uint64_t cpu = clock_nanoseconds(CLOCK_PROCESS_CPUTIME_ID) - cpu_began;
  printf("{\"operations\":%llu,\"seconds\":%.6f,\"cpuNanoseconds\":%llu,\"errors\":%llu}\n",
         (unsigned long long)reads, (double)(now - began) / 1e9, (unsigned long long)cpu,
         (unsigned long long)errors);
  return false;
}

static void check(const char *block, uint64_t offset, int64_t length) {
  reads++;
  if (length != BLOCK || !content_matches(block, offset, BLOCK)) errors++;
}

static void read_buffered(char *block) {
  enum { READS_A_LOOK = 16 };
  while (continues()) {
    for (int index = 0; index < READS_A_LOOK; index++) {
      uint64_t offset = random_offset();
      check(block, offset, pread(file, block, BLOCK, (off_t)offset));
    }
  }
}

static void prepare(struct iocb *request) {
  request->aio_offset = (int64_t)random_offset();
}

static void submit(aio_context_t context, struct iocb **requests, long count) {
  while (count > 0) {
    long taken = syscall(SYS_io_submit, context, count, requests);
    if (taken < 0 && errno == EINTR) continue;
    if (taken <= 0) fail("io_submit");
    requests += taken;
    count -= taken;
  }
}

static void read_direct(char *memory, long depth) {
  static struct iocb requests[DEPTH_MAX];
  static struct iocb *batch[DEPTH_MAX];
  static struct io_event events[DEPTH_MAX];
  aio_context_t context = 0;
  if (syscall(SYS_io_setup, depth, &context) != 0) fail("io_setup");
  for (long index = 0; index < depth; index++) {
    requests[index] = (struct iocb){
        .aio_data = (uint64_t)index,
        .aio_lio_opcode = IOCB_CMD_PREAD,
        .aio_fildes = (uint32_t)file,
        .aio_buf = (uint64_t)(uintptr_t)(memory + index * BLOCK),
        .aio_nbytes = BLOCK,
    };
    prepare(&requests[index]);
    batch[index] = &requests[index];
  }
  submit(context, batch, depth);
  while (continues()) {
    long done = syscall(SYS_io_getevents, context, 1, depth, events, NULL);
    if (done < 0 && errno == EINTR) continue;
    if (done < 0) fail("io_getevents");
    for (long index = 0; index < done; index++) {
      struct iocb *request = &requests[events[index].data];
      check((const char *)(uintptr_t)request->aio_buf, (uint64_t)request->aio_offset,
            events[index].res);
      prepare(request);
      batch[index] = request;
    }
    submit(context, batch, done);
  }
  syscall(SYS_io_destroy, context);
}

int main(int count, char **arguments) {
  if (count == 2 && strcmp(arguments[1], "probe") == 0) {
    puts("{\"ready\":true}");
    return 0;
  }
  bool direct = count == 6 && strcmp(arguments[5], "direct") == 0;
  bool buffered = count == 6 && strcmp(arguments[5], "buffered") == 0;
  long depth = count == 6 ? atol(arguments[2]) : 0;
  if (!(direct || buffered) || depth < 1 || depth > DEPTH_MAX) {
    fprintf(stderr, "usage: read-file FILE DEPTH SECONDS WARMUP direct|buffered\n");
    return 2;
  }
  duration = (uint64_t)(atof(arguments[3]) * 1e9);
  warmup = (uint64_t)(atof(arguments[4]) * 1e9);
  file = open(arguments[1], O_RDONLY | O_CLOEXEC | (direct ? O_DIRECT : 0));
  struct stat status;
  if (file < 0 || fstat(file, &status) != 0) fail(arguments[1]);
  blocks = (uint64_t)status.st_size / BLOCK;
  char *memory = aligned_alloc(BLOCK, (size_t)depth * BLOCK);
  if (blocks == 0 || memory == NULL) fail("memory");
  began = now_nanoseconds();
  if (direct) read_direct(memory, depth);
  else read_buffered(memory);
  return 0;
}
