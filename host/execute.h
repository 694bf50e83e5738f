// The submission queue's entries, one by one: which source, which verb.
#pragma once

#include "source.h"

namespace calandria {

/** Executes one entry; a result of 0 or more, or -errno. */
int32_t execute(Shim* shim, uint32_t entry, ReadRoom* room);

}  // namespace calandria
