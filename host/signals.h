// Signals of this process as records.
#pragma once

#include "source.h"

namespace calandria {

/** argument: signal number. Answers with an empty name record. */
int32_t signal_open(Shim* shim, const OpenRequest* request, ReadRoom* room);

}  // namespace calandria
