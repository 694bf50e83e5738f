// The operations on sockets: raw, non-blocking system calls on bytes in linear memory. They are the
// same for every readiness interface; only attach() differs.
#pragma once

#include <cstdint>

#include "shim.h"

namespace calandria {

/** Where this turn's reads go: packed one after another, moving on to spare segments. */
struct ReadRoom {
  const Memory* memory;
  uint32_t cursor;
  uint32_t limit;
  uint32_t spares;
  uint32_t spare;
};

/** False when the control block's cursor does not lie in the read arena. */
bool read_room_open(ReadRoom* room, const Memory* memory);

/** Makes at least this much room at the cursor; false when every segment is held. */
bool read_room_ensure(ReadRoom* room, uint32_t least);

/** Executes one entry; a result of 0 or more, or -errno. */
int32_t execute(Shim* shim, uint32_t entry, ReadRoom* room);

}  // namespace calandria
