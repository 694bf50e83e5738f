#include "process_end.h"

#include "system.h"

namespace calandria {

namespace {

/** struct pidfd_info of <linux/pidfd.h>, which older headers do not have (Linux 6.13). */
struct PidInformation {
  uint64_t mask;
  uint64_t group;
  uint32_t process;
  uint32_t ids[10];
  int32_t status;
};
constexpr uint64_t INFORMATION_EXIT = 1u << 3;
constexpr unsigned long GET_INFORMATION = _IOWR(0xff, 11, PidInformation);

/** Somebody else reaped it: the kernel may still know its status (Linux 6.15). */
void learn_end(int fd, ProcessEnd* end) {
  PidInformation information = {};
  information.mask = INFORMATION_EXIT;
  if (system_process_information(fd, GET_INFORMATION, &information) < 0) return;
  if ((information.mask & INFORMATION_EXIT) != 0) process_describe(information.status, end);
}

}  // namespace

int process_watch(Process* process) { return system_process(process->id); }

bool process_over(int fd, Process*) { return system_ready(fd, POLLIN, 0) != 0; }

bool process_ended(int fd, Process* process, ProcessEnd* end) {
  if (!process_over(fd, process)) return false;
  *end = {};
  siginfo_t information = {};
  const int how = WEXITED | WNOHANG | (process->ours ? 0 : WNOWAIT);
  if (system_wait_process(fd, &information, how) == 0 && information.si_pid != 0) {
    *end = {static_cast<uint32_t>(information.si_code), information.si_status};
  } else {
    learn_end(fd, end);
  }
  return true;
}

int process_signal(int fd, const Process*, int number) { return system_signal_process(fd, number); }

void process_unwatch(int fd, const Process*) { system_close(fd); }

bool process_reaped(int fd, const Process*) {
  siginfo_t information = {};
  const int how = WEXITED | WNOHANG;
  return system_wait_process(fd, &information, how) < 0 || information.si_pid != 0;
}

}  // namespace calandria
