// Threads of the shim hear of no signal: signals are the program's, and none may end up here
// (signal(7)).
#pragma once

#include <cstddef>
#include <pthread.h>

namespace calandria {

/**
 * Starts `run(data)` on a thread of its own, with every signal blocked. Its name is of 15 bytes at
 * the most (pthread_setname_np(3)). 0, or -EAGAIN.
 */
int quiet_thread_start(pthread_t* thread, const char* name, size_t stack, void* (*run)(void*),
                       void* data);

}  // namespace calandria
