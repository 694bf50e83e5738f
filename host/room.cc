#include "room.h"

#include "compiler.h"

namespace calandria {

namespace {

uint32_t arena_end(const Memory* memory) {
  return memory->read_arena + memory->read_segments * memory->read_segment_size;
}

}  // namespace

bool read_room_open(ReadRoom* room, const Memory* memory) {
  room->memory = memory;
  room->cursor = load_unsigned(memory, layout::READ_CURSOR);
  room->limit = load_unsigned(memory, layout::READ_LIMIT);
  room->spares = load_unsigned(memory, layout::SPARE_COUNT);
  room->spare = 0;
  return room->cursor >= memory->read_arena && room->cursor <= room->limit &&
         room->limit <= arena_end(memory) &&
         room->spares <= static_cast<uint32_t>(layout::SPARE_LIST_MAX);
}

CALANDRIA_HOT bool read_room_ensure(ReadRoom* room, uint32_t least) {
  if (room->limit - room->cursor >= least) return true;
  if (room->spare >= room->spares) return false;
  const uint32_t segment = load_unsigned(room->memory, layout::SPARE_LIST + 4 * room->spare);
  if (segment >= room->memory->read_segments) return false;
  room->spare++;
  room->cursor = room->memory->read_arena + segment * room->memory->read_segment_size;
  room->limit = room->cursor + room->memory->read_segment_size;
  return room->limit - room->cursor >= least;
}

}  // namespace calandria
