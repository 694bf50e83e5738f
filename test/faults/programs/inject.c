// Preloaded (ld.so(8)): refuses system calls of the shim, and of nobody else in the process.
//
// INJECT is "call error first every", several of them behind commas: the call's name here, the
// error's number, which of the shim's calls is the first to meet it, and every how many calls
// another one does (0: none). Error 0 forks there: the child sleeps, with all descriptors open, as
// long as its parent lives. Each fault is a line "call error" in the file INJECT_LOG.
//
// A request of io_uring is a call, too, by the name of its operation (IORING_OP_). Before the
// kernel takes it, it becomes one that does nothing and completes with that error.
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/io_uring.h>
#include <signal.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/select.h>
#include <sys/syscall.h>
#include <unistd.h>

struct fault {
  char call[24];
  int error;
  int first;
  int every;
  atomic_int made;
};

static struct fault faults[16];
static int total;
static int journal = -1;

/** Those of io_uring_setup(2) and io_uring_enter(2); the C library has no names for them. */
enum { SETUP = 425, ENTER = 426 };

static const struct {
  const char* name;
  long number;
} NUMBERS[] = {
    {"accept4", SYS_accept4},       {"epoll_ctl", SYS_epoll_ctl},
    {"epoll_pwait", SYS_epoll_pwait}, {"io_uring_enter", ENTER},
    {"ppoll", SYS_ppoll},           {"read", SYS_read},
    {"recvfrom", SYS_recvfrom},     {"sendmsg", SYS_sendmsg},
    {"sendto", SYS_sendto},         {"write", SYS_write},
};

__attribute__((constructor)) static void begin(void) {
  const char* path = getenv("INJECT_LOG");
  char* copy = strdup(getenv("INJECT") ? getenv("INJECT") : "");
  char* rest = NULL;
  char* one = strtok_r(copy, ",", &rest);
  for (; one && total < 16; one = strtok_r(NULL, ",", &rest)) {
    struct fault* fault = &faults[total++];
    const int found = sscanf(one, "%23s %d %d %d", fault->call, &fault->error, &fault->first,
                             &fault->every);
    if (found != 4) abort();
  }
  free(copy);
  if (path) journal = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
}

static int by_shim(void* caller) {
  Dl_info info;
  if (!dladdr(caller, &info) || !info.dli_fname) return 0;
  const size_t length = strlen(info.dli_fname);
  return length > 14 && strcmp(info.dli_fname + length - 14, "calandria.node") == 0;
}

static void stay_behind(void) {
  const pid_t parent = getpid();
  if (fork() != 0) return;
  prctl(PR_SET_PDEATHSIG, SIGKILL);
  while (getppid() == parent) pause();
  _exit(0);
}

/** Whether this call fails; errno says how. */
static int meets(const char* call, void* caller) {
  for (int place = 0; place < total; place++) {
    struct fault* fault = &faults[place];
    if (strcmp(fault->call, call) != 0 || !by_shim(caller)) continue;
    const int made = atomic_fetch_add(&fault->made, 1) + 1;
    const int past = made - fault->first;
    if (past != 0 && (past < 0 || fault->every == 0 || past % fault->every != 0)) continue;
    if (journal >= 0) dprintf(journal, "%s %d\n", call, fault->error);
    if (fault->error == 0) {
      stay_behind();
      continue;
    }
    errno = fault->error;
    return 1;
  }
  return 0;
}

#define REAL(name) ((typeof(&name))dlsym(RTLD_NEXT, #name))

/** io_uring(7)'s flag for an IORING_OP_NOP whose result is its `len`; Linux 6.10. */
enum { INJECT_RESULT = 1 };

static const struct {
  const char* name;
  uint8_t operation;
} REQUESTS[] = {
    {"IORING_OP_ACCEPT", IORING_OP_ACCEPT},
    {"IORING_OP_POLL_ADD", IORING_OP_POLL_ADD},
    {"IORING_OP_RECV", IORING_OP_RECV},
};

/** The ring that was made last. */
static struct {
  int fd;
  struct io_uring_params given;
  const uint8_t* base;
  struct io_uring_sqe* entries;
} ring = {.fd = -1};

static void* map(void* address, size_t length, int access, int flags, int fd, off_t offset) {
  static void* (*real)(void*, size_t, int, int, int, off_t);
  if (!real) real = REAL(mmap);
  void* made = real(address, length, access, flags, fd, offset);
  if (made == MAP_FAILED || fd < 0 || fd != ring.fd) return made;
  if (offset == IORING_OFF_SQ_RING) ring.base = made;
  if (offset == IORING_OFF_SQES) ring.entries = made;
  return made;
}

void* mmap(void* address, size_t length, int access, int flags, int fd, off_t offset) {
  return map(address, length, access, flags, fd, offset);
}

void* mmap64(void* address, size_t length, int access, int flags, int fd, off64_t offset) {
  return map(address, length, access, flags, fd, offset);
}

/** Among the requests that are handed over. */
static void refuse_requests(unsigned total, void* caller) {
  if (!ring.base || !ring.entries) return;
  const uint32_t head = *(const uint32_t*)(ring.base + ring.given.sq_off.head);
  for (unsigned one = 0; one < total; one++) {
    struct io_uring_sqe* entry = &ring.entries[(head + one) & (ring.given.sq_entries - 1)];
    for (size_t place = 0; place < sizeof REQUESTS / sizeof *REQUESTS; place++) {
      if (REQUESTS[place].operation != entry->opcode) continue;
      if (!meets(REQUESTS[place].name, caller)) continue;
      const uint64_t data = entry->user_data;
      memset(entry, 0, sizeof *entry);
      entry->opcode = IORING_OP_NOP;
      entry->len = (uint32_t)-errno;
      entry->rw_flags = INJECT_RESULT;
      entry->user_data = data;
      break;
    }
  }
}

long syscall(long number, ...) {
  static long (*real)(long, ...);
  va_list list;
  va_start(list, number);
  long words[6];
  for (int place = 0; place < 6; place++) words[place] = va_arg(list, long);
  va_end(list);
  if (!real) real = REAL(syscall);
  for (size_t place = 0; place < sizeof NUMBERS / sizeof *NUMBERS; place++) {
    if (NUMBERS[place].number != number) continue;
    if (meets(NUMBERS[place].name, __builtin_return_address(0))) return -1;
    break;
  }
  if (number == ENTER) refuse_requests((unsigned)words[1], __builtin_return_address(0));
  const long result = real(number, words[0], words[1], words[2], words[3], words[4], words[5]);
  if (number == SETUP && result >= 0) {
    ring.fd = (int)result;
    ring.given = *(const struct io_uring_params*)words[1];
  }
  return result;
}

int select(int count, fd_set* read, fd_set* write, fd_set* except, struct timeval* most) {
  if (meets("select", __builtin_return_address(0))) return -1;
  return REAL(select)(count, read, write, except, most);
}

int sigtimedwait(const sigset_t* set, siginfo_t* information, const struct timespec* most) {
  if (meets("sigtimedwait", __builtin_return_address(0))) return -1;
  return REAL(sigtimedwait)(set, information, most);
}

static int control(int fd, int command, void* argument, void* caller) {
  static int (*real)(int, int, ...);
  if (!real) real = REAL(fcntl);
  if (command == F_SETSIG && meets("F_SETSIG", caller)) return -1;
  if (command == F_SETOWN_EX && meets("F_SETOWN_EX", caller)) return -1;
  return real(fd, command, argument);
}

int fcntl(int fd, int command, ...) {
  va_list list;
  va_start(list, command);
  void* argument = va_arg(list, void*);
  va_end(list);
  return control(fd, command, argument, __builtin_return_address(0));
}

int fcntl64(int fd, int command, ...) {
  va_list list;
  va_start(list, command);
  void* argument = va_arg(list, void*);
  va_end(list);
  return control(fd, command, argument, __builtin_return_address(0));
}
