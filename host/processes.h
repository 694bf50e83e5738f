// Child processes, and others: a descriptor each, which becomes readable when the process ends.
#pragma once

#include "process_end.h"
#include "source.h"

namespace calandria {

/** A process that was spawned, and closed before it ended: reaped when the next one is spawned. */
struct Left {
  int fd;
  Process process;
  Left* next;
};

/** A command to spawn, or no bytes and the process to watch; see STREAM_ in the layout. */
int32_t process_open(Shim* shim, const OpenRequest* request, ReadRoom* room);

/** TAKE: our end of a stream of the process that was spawned just before. */
int32_t process_take(Shim* shim, uint32_t entry, ReadRoom* room);

/** Closes the ends that nobody took, and forgets who was left running. */
void processes_close(Shim* shim);

}  // namespace calandria
