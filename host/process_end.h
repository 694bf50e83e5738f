// How a process's end is heard of, and how it is sent a signal: by a pidfd on Linux, by a kqueue of
// its own where there is EVFILT_PROC.
#pragma once

#include <cstdint>
#include <sys/types.h>

namespace calandria {

struct ProcessEnd {
  /** CLD_EXITED and its kin (waitid(2)); 0: nobody knows. */
  uint32_t how;
  int32_t status;
};

struct Process {
  pid_t id;
  /** The kqueue behind the descriptor, where there is one. */
  int queue;
  /** We started it, so we reap it: a child of libuv's stays for libuv. */
  bool ours;
  /** What the kernel said of its end when it told of it, where it does. */
  bool told;
  int told_status;
};

/** A descriptor that becomes readable when it has ended, or -errno. */
int process_watch(Process* process);

/** Has it? Then `end` says how. Reaps what is ours. */
bool process_ended(int fd, Process* process, ProcessEnd* end);

/** Whether it has, for a look alone. */
bool process_over(int fd, Process* process);

int process_signal(int fd, const Process* process, int number);

/** Before the descriptor is closed. False: it is ours and still runs, so it has to be reaped. */
bool process_reaped(int fd, const Process* process);

void process_unwatch(int fd, const Process* process);

/** From what waitpid(2) says. */
void process_describe(int status, ProcessEnd* end);

}  // namespace calandria
