// Linux's kernel AIO by raw system calls (io_submit(2)): transfers past the page cache, and syncs.
// It asks for one system call a turn for all of them, and announces each on the eventfd of the
// completions. glibc's aio_read(3) is something else: threads.
#pragma once

#include "slots.h"

namespace calandria {

/**
 * Takes the slot's operation for the io_submit at the end of this queue. False when the kernel has
 * no room for this reactor (io_setup(2), EAGAIN) or no such queue: the pool is left.
 */
bool aio_queue(Shim* shim, Slot* slot);

/** Hands over what was queued. What the kernel had no room for is answered -EAGAIN. */
void aio_flush(Shim* shim);

/** Announces what the kernel told of by an event of its own, where it does so. */
void aio_announce(Shim* shim);

/** Takes what is done over to the completions; waits for nothing. */
void aio_reap(Shim* shim);

/** Waits for what is under way. */
void aio_close(Shim* shim);

}  // namespace calandria
