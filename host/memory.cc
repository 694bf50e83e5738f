#include "memory.h"

namespace calandria {

namespace {

bool region(const Memory* memory, uint32_t address, uint64_t entries, uint64_t entry_size) {
  return address >= static_cast<uint32_t>(layout::CONTROL) &&
         address + entries * entry_size <= memory->size;
}

}  // namespace

const char* memory_open(Memory* memory, uint8_t* base, size_t size) {
  const size_t least = layout::CONTROL + layout::CONTROL_SIZE;
  if (size < least) return "memory is too small";
  if (size > UINT32_MAX) return "memory is larger than 4 GiB";
  memory->base = base;
  memory->size = static_cast<uint32_t>(size);
  if (load_word(memory, layout::CONTROL_MAGIC) != layout::LAYOUT_MAGIC) {
    return "memory has no control block";
  }
  if (load_word(memory, layout::CONTROL_VERSION) != layout::LAYOUT_VERSION) {
    return "memory has another layout version than this shim; run `npm run build:host`";
  }
  memory->records_max = load_unsigned(memory, layout::RECORDS_MAX);
  memory->submissions_max = load_unsigned(memory, layout::SUBMISSIONS_MAX);
  memory->events_max = load_unsigned(memory, layout::EVENTS_MAX);
  memory->pieces_max = load_unsigned(memory, layout::PIECES_MAX);
  memory->read_segments = load_unsigned(memory, layout::READ_SEGMENTS_MAX);
  memory->read_segment_size = load_unsigned(memory, layout::READ_SEGMENT_SIZE);
  memory->segments = load_unsigned(memory, layout::SEGMENTS_BASE);
  memory->submissions = load_unsigned(memory, layout::SUBMISSIONS_BASE);
  memory->events = load_unsigned(memory, layout::EVENTS_BASE);
  memory->changes = load_unsigned(memory, layout::CHANGES_BASE);
  memory->rings = load_unsigned(memory, layout::RINGS_BASE);
  memory->rings_size = load_unsigned(memory, layout::RINGS_SIZE);
  memory->changes_max = load_unsigned(memory, layout::CHANGES_MAX);
  memory->pieces = load_unsigned(memory, layout::PIECES_BASE);
  memory->read_arena = load_unsigned(memory, layout::READ_ARENA_BASE);
  memory->tasks = load_unsigned(memory, layout::OPERATIONS_BASE);
  memory->tasks_max = load_unsigned(memory, layout::OPERATIONS_MAX);
  memory->tasks_flying_max = load_unsigned(memory, layout::OPERATIONS_FLYING_MAX);
  memory->settings = load_unsigned(memory, layout::SETTINGS);
  memory->lent_from = memory->read_segments;
  if (memory->settings & layout::SETTING_LEND) memory->lent_from -= memory->read_segments >> 1;
  const bool fits =
      region(memory, memory->submissions, memory->submissions_max, layout::SUBMISSION_SIZE) &&
      region(memory, memory->events, memory->events_max, layout::EVENT_SIZE_MAX) &&
      region(memory, memory->changes, memory->changes_max, layout::EVENT_SIZE_MAX) &&
      region(memory, memory->rings, memory->rings_size, 1) &&
      region(memory, memory->pieces, memory->pieces_max, layout::PIECE_SIZE) &&
      region(memory, memory->tasks, memory->tasks_max, layout::TASK_SIZE) &&
      region(memory, memory->segments, memory->read_segments, layout::SEGMENT_SIZE) &&
      region(memory, memory->read_arena, memory->read_segments, memory->read_segment_size);
  if (!fits) return "a region ends past the memory";
  if (memory->records_max == 0 || memory->records_max > (1u << 24)) return "bad number of records";
  const bool empty = memory->events_max == 0 || memory->submissions_max == 0 ||
                     memory->changes_max < static_cast<uint32_t>(layout::CHANGES_LEAST);
  if (empty) return "an empty vector";
  return nullptr;
}

}  // namespace calandria
