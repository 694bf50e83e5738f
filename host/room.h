// Where this turn's reads go: packed one after another, moving on to spare segments.
#pragma once

#include <cstdint>

#include "memory.h"

namespace calandria {

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

}  // namespace calandria
