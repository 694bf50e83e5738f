// Systems whose kernel has no queue for files that tells of completions as events: the pool does it
// all. (POSIX AIO by signal, or by a thread of the C library's own, is no better than that.)
#include "aio.h"

namespace calandria {

bool aio_queue(Shim*, Slot*) { return false; }

void aio_flush(Shim*) {}

void aio_announce(Shim*) {}

void aio_reap(Shim*) {}

void aio_close(Shim*) {}

}  // namespace calandria
