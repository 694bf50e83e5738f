// Trials of what kqueue(2) reports: a filter that a header names need not be one that the kernel
// has.
#include "probe.h"
#include "probe_trials.h"

#include <cerrno>
#include <signal.h>

#include "system_kqueue.h"

namespace calandria {

namespace {

/** Whether a kqueue takes this filter. */
int try_filter(uintptr_t ident, int filter, unsigned notes, int64_t data) {
  const int queue = system_kqueue();
  if (queue < 0) return queue;
  const struct kevent change = kevent_of(ident, filter, EV_ADD | EV_CLEAR, notes, data, 0);
  const int result = system_change(queue, &change);
  system_close(queue);
  return result;
}

int try_queue(const Bench*) {
  const int queue = system_kqueue();
  if (queue >= 0) system_close(queue);
  return queue < 0 ? queue : 0;
}

int try_read(const Bench* bench) {
  return try_filter(static_cast<uintptr_t>(bench->pair[0]), EVFILT_READ, 0, 0);
}

int try_write(const Bench* bench) {
  return try_filter(static_cast<uintptr_t>(bench->pair[0]), EVFILT_WRITE, 0, 0);
}

int try_vnode(const Bench* bench) {
  if (bench->file < 0) return bench->file_error;
  return try_filter(static_cast<uintptr_t>(bench->file), EVFILT_VNODE, NOTE_WRITE, 0);
}

int try_timer(const Bench*) { return try_filter(1, EVFILT_TIMER, 0, 1000); }

int try_user(const Bench*) { return try_filter(1, EVFILT_USER, 0, 0); }

int try_signal(const Bench*) { return try_filter(SIGURG, EVFILT_SIGNAL, 0, 0); }

int try_process(const Bench*) {
  // Its own end is one that it will not hear of, but that is not asked.
  return try_filter(static_cast<uintptr_t>(getppid()), EVFILT_PROC, NOTE_EXIT, 0);
}

#ifdef NOTE_NSECONDS
int try_nanoseconds(const Bench*) { return try_filter(1, EVFILT_TIMER, NOTE_NSECONDS, 1000000000); }
#endif

}  // namespace

const Trial system_trials[] = {
    {"kqueue", -1, try_queue},
    {"evfilt_read", static_cast<int64_t>(EVFILT_READ), try_read},
    {"evfilt_write", static_cast<int64_t>(EVFILT_WRITE), try_write},
    {"evfilt_vnode", static_cast<int64_t>(EVFILT_VNODE), try_vnode},
    {"evfilt_proc", static_cast<int64_t>(EVFILT_PROC), try_process},
    {"evfilt_signal", static_cast<int64_t>(EVFILT_SIGNAL), try_signal},
    {"evfilt_timer", static_cast<int64_t>(EVFILT_TIMER), try_timer},
    {"evfilt_user", static_cast<int64_t>(EVFILT_USER), try_user},
#ifdef NOTE_NSECONDS
    {"note_nseconds", NOTE_NSECONDS, try_nanoseconds},
#endif
};

const uint32_t system_trials_count = sizeof system_trials / sizeof *system_trials;

}  // namespace calandria
