// SEND_FILE: bytes, and a range of a file behind them, to a stream socket, without the file's bytes
// passing through memory of ours.
//
// sendfile(2) on a non-blocking socket still waits for the disk when the range is not in the page
// cache. So that is made sure of first (warmth.h).
#pragma once

#include "source.h"

namespace calandria {

/** Bytes sent of both together, SENT_ bits at extra; -EINPROGRESS, -EBUSY, or -errno for none. */
int32_t send_file(Shim* shim, Descriptor* connection, uint32_t entry);

}  // namespace calandria
