// Preloaded (ld.so(8)): refuses system calls of the shim, and of nobody else in the process.
//
// INJECT is "call error first every", several of them behind commas: the call's name here, the
// error's number, which of the shim's calls is the first to meet it, and every how many calls
// another one does (0: none). Error 0 forks there: the child sleeps, with all descriptors open, as
// long as its parent lives. Each fault is a line "call error" in the file INJECT_LOG.
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
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

static const struct {
  const char* name;
  long number;
} NUMBERS[] = {
    {"accept4", SYS_accept4},       {"epoll_ctl", SYS_epoll_ctl},
    {"epoll_pwait", SYS_epoll_pwait}, {"io_uring_enter", 426},
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
  return real(number, words[0], words[1], words[2], words[3], words[4], words[5]);
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
