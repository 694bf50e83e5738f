// Starting a command: posix_spawn(3), and pipes to it.
#pragma once

#include <sys/types.h>

#include "source.h"

namespace calandria {

/**
 * Starts what the request's bytes say. `ends` gets our end of each stream that is a pipe,
 * non-blocking, and -1 for the others. 0, or -errno: then nothing is left behind.
 */
int spawn_command(const OpenRequest* request, int ends[3], pid_t* process);

}  // namespace calandria
