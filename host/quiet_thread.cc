#include "quiet_thread.h"

#include "system.h"

namespace calandria {

int quiet_thread_start(pthread_t* thread, const char* name, size_t stack, void* (*run)(void*),
                       void* data) {
  sigset_t all;
  sigset_t before;
  sigfillset(&all);
  pthread_attr_t attributes;
  if (pthread_attr_init(&attributes) != 0) return -EAGAIN;
  pthread_attr_setstacksize(&attributes, stack);
  pthread_sigmask(SIG_SETMASK, &all, &before);
  const int error = pthread_create(thread, &attributes, run, data);
  pthread_sigmask(SIG_SETMASK, &before, nullptr);
  pthread_attr_destroy(&attributes);
  if (error != 0) return -EAGAIN;
#ifdef __linux__
  // Elsewhere a thread can only name itself, or has no name.
  system_name_thread(*thread, name);
#else
  static_cast<void>(name);
#endif
  return 0;
}

}  // namespace calandria
