// The signals of realtime.h: which one, who has it blocked, who hears of an overflow.
#pragma once

#include "realtime.h"

namespace calandria {

/** Blocks a real-time signal that nobody else uses, and SIGIO, in this thread. 0, or -errno. */
int signals_open(Realtime* realtime);

/** Takes what is still queued, then unblocks what signals_open blocked. */
void signals_close(Realtime* realtime);

/** Makes a descriptor signal this thread. 0, or -errno. */
int signals_ask(const Realtime* realtime, int fd);

/** Reads so many at the most. How many, or -errno. */
int signals_read(const Realtime* realtime, void* records, uint32_t most);

/** One of this thread's reactors read SIGIO, which is for all of them. */
void signals_overflowed(const Realtime* reader, const struct signalfd_siginfo* record);

}  // namespace calandria
