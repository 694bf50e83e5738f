#include "realtime_signals.h"

#include <cerrno>
#include <pthread.h>

#include "system.h"

namespace calandria {

namespace {

/**
 * The reactors of this thread. SIGIO is one for all of them: whoever reads it tells the others. Not
 * of the process: a signal that is sent to a thread is that thread's alone.
 */
thread_local Realtime* reactors = nullptr;
/** Was SIGIO blocked before the first of them? */
thread_local bool blocked_before = false;

/** One that does nothing in this process, and that no other reactor of this thread has; or 0. */
int free_signal(const sigset_t* blocked) {
  for (int number = SIGRTMIN; number <= SIGRTMAX; number++) {
    struct sigaction action;
    if (sigismember(blocked, number) != 0) continue;
    if (sigaction(number, nullptr, &action) < 0 || action.sa_handler != SIG_DFL) continue;
    return number;
  }
  return 0;
}

void leave(Realtime* realtime) {
  Realtime** place = &reactors;
  while (*place != nullptr && *place != realtime) place = &(*place)->next;
  if (*place != nullptr) *place = realtime->next;
}

}  // namespace

int signals_open(Realtime* realtime) {
  sigset_t before;
  pthread_sigmask(SIG_SETMASK, nullptr, &before);
  realtime->number = free_signal(&before);
  if (realtime->number == 0) return -EBUSY;
  if (reactors == nullptr) blocked_before = sigismember(&before, SIGIO) != 0;
  sigset_t ours;
  sigemptyset(&ours);
  sigaddset(&ours, realtime->number);
  sigaddset(&ours, SIGIO);
  realtime->signals = system_signal_reader(&ours);
  if (realtime->signals < 0) return realtime->signals;
  pthread_sigmask(SIG_BLOCK, &ours, nullptr);
  realtime->next = reactors;
  reactors = realtime;
  return 0;
}

void signals_close(Realtime* realtime) {
  if (realtime->signals < 0) return;
  leave(realtime);
  // What is queued would end the process once it is not blocked any more. Nothing is sent now: the
  // descriptors are closed.
  const bool last = reactors == nullptr;
  sigset_t ours;
  sigemptyset(&ours);
  sigaddset(&ours, realtime->number);
  if (last && !blocked_before) sigaddset(&ours, SIGIO);
  while (system_signal_take(&ours)) continue;
  pthread_sigmask(SIG_UNBLOCK, &ours, nullptr);
  system_close(realtime->signals);
  realtime->signals = -1;
}

int signals_ask(const Realtime* realtime, int fd) {
  for (int calls = 0; calls < SIGNAL_ASK_CALLS; calls++) {
    count(&realtime->shim->memory, layout::COUNTER_HOST_CONTROLS);
  }
  return system_signal_ask(fd, realtime->number);
}

int signals_read(const Realtime* realtime, void* records, uint32_t most) {
  const size_t size = most * sizeof(struct signalfd_siginfo);
  const long length =
      system_read(&realtime->shim->interrupted, realtime->signals, records, size);
  if (length == -EAGAIN) return 0;
  if (length < 0) return static_cast<int>(length);
  return static_cast<int>(length / static_cast<long>(sizeof(struct signalfd_siginfo)));
}

void signals_overflowed(const Realtime* reader, const struct signalfd_siginfo* record) {
  for (Realtime* other = reactors; other != nullptr; other = other->next) {
    if (other == reader) continue;
    other->overflow = *record;
    // It sleeps, and nothing else would wake it.
    system_timer_set(other->shim->timer, 1);
    other->shim->armed = 0;
  }
}

}  // namespace calandria
