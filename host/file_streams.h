// Regular files as streams of bytes: no readiness is ever reported for one (epoll(7)), so a thread
// of the pool reads and writes, and its completion is the readiness.
#pragma once

#include "source.h"

namespace calandria {

/** Answers for a descriptor of a regular file, opened for these. It is kept, or stays as it was. */
int32_t file_stream_open(Shim* shim, const OpenRequest* request, ReadRoom* room, bool reads,
                         bool writes);

}  // namespace calandria
