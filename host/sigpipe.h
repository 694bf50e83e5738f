// SIGPIPE, where no flag turns it off: sendfile(2) has none, and pwritev2(2) only since Linux 6.18.
// Node ignores the signal; a program need not, and a peer that is gone must not end it.
#pragma once

#include <cerrno>
#include <signal.h>
#include <pthread.h>

namespace calandria {

/**
 * Calls, and whose SIGPIPE nobody gets: it is raised for the thread that writes (signal(7)), so it
 * is blocked there, and taken back. One that was pending before is left as it was. `call` answers
 * -EPIPE when it met that.
 */
template <typename Call>
long without_sigpipe(Call call) {
  struct sigaction action;
  const bool ignored =
      sigaction(SIGPIPE, nullptr, &action) == 0 && action.sa_handler == SIG_IGN;
  if (ignored) return call();
  sigset_t pipe;
  sigset_t before;
  sigset_t pending;
  sigemptyset(&pipe);
  sigaddset(&pipe, SIGPIPE);
  sigpending(&pending);
  const bool waited = sigismember(&pending, SIGPIPE) == 1;
  pthread_sigmask(SIG_BLOCK, &pipe, &before);
  const long result = call();
  if (result == -EPIPE && !waited) {
    // It is pending, so that this does not wait.
    int taken;
    sigpending(&pending);
    if (sigismember(&pending, SIGPIPE) == 1) sigwait(&pipe, &taken);
  }
  pthread_sigmask(SIG_SETMASK, &before, nullptr);
  return result;
}

}  // namespace calandria
