// EVFILT_PROC in a kqueue that holds nothing else: it is readable once the process has ended, like
// a pidfd, so every interface can watch it.
#include "process_end.h"

#include "kqueue_library.h"
#include "system_kqueue.h"

namespace calandria {

namespace {

/** What the kernel has to say; it says it once. */
void listen_once(Process* process) {
  struct kevent event;
  if (process->told || system_kevent(process->queue, nullptr, 0, &event, 1) != 1) return;
  process->told = true;
  // NOTE_EXIT: data is the status as waitpid(2) gives it, where the system says it.
  process->told_status = static_cast<int>(event.data);
}

}  // namespace

int process_watch(Process* process) {
  const int queue = system_kqueue();
  if (queue < 0) return queue;
#ifdef NOTE_EXITSTATUS
  constexpr unsigned notes = NOTE_EXIT | NOTE_EXITSTATUS;
#else
  constexpr unsigned notes = NOTE_EXIT;
#endif
  const auto ident = static_cast<uintptr_t>(process->id);
  struct kevent change = kevent_of(ident, EVFILT_PROC, EV_ADD | EV_ONESHOT, notes, 0, 0);
  int result = system_change(queue, &change);
  // Ended before it could be watched: somebody has to say so all the same.
  if (result == -ESRCH && process->ours) {
    change = kevent_of(0, EVFILT_TIMER, EV_ADD | EV_ONESHOT, 0, 0, 0);
    result = system_change(queue, &change);
  }
  if (result == 0) result = kqueue_watched(queue);
  process->queue = queue;
  if (result < 0) system_close(queue);
  return result;
}

bool process_over(int, Process* process) {
  listen_once(process);
  return process->told;
}

bool process_ended(int fd, Process* process, ProcessEnd* end) {
  if (!process_over(fd, process)) return false;
  *end = {};
  int status = process->told_status;
  if (process->ours) {
    const pid_t reaped = system_reap(process->id, &status, WNOHANG);
    // Told of before it can be reaped: the moment after it can.
    if (reaped == 0 && system_reap(process->id, &status, 0) < 0) return true;
    if (reaped < 0) return true;
    process->ours = false;
  }
  process_describe(status, end);
  return true;
}

/** A number that may be another's by now, unless it is ours to reap. */
int process_signal(int, const Process* process, int number) {
  return process->told ? -ESRCH : system_kill(process->id, number);
}

void process_unwatch(int, const Process* process) { system_close(process->queue); }

bool process_reaped(int, const Process* process) {
  return !process->ours || system_reap(process->id, nullptr, WNOHANG) != 0;
}

}  // namespace calandria
