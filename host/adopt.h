// Descriptors that somebody else opened.
#pragma once

#include "source.h"

namespace calandria {

/**
 * argument: the descriptor. Its flags stay as they are. From the answer on it belongs to the
 * record; refused, it stays whose it was.
 */
int32_t adopt_open(Shim* shim, const OpenRequest* request, ReadRoom* room);

}  // namespace calandria
