// The shim's side of the linear memory: where the regions lie, and bounds that were checked once.
//
// What never changes (limits, region addresses) is copied out of the control block at open, so that
// no later write to memory, by mistake or malice, can move a region. What does change is checked
// where it is read.
#pragma once

#include <cstdint>
#include <cstring>

#include "layout.h"

namespace calandria {

struct Memory {
  uint8_t* base;
  uint32_t size;
  uint32_t records_max;
  uint32_t submissions_max;
  uint32_t events_max;
  uint32_t pieces_max;
  uint32_t read_segments;
  uint32_t read_segment_size;
  /** Of the read segments, from which place on they are the host's (SETTING_LEND). */
  uint32_t lent_from;
  uint32_t segments;
  uint32_t submissions;
  uint32_t events;
  uint32_t changes;
  /** Room for rings that the kernel writes; 0 bytes: none. */
  uint32_t rings;
  uint32_t rings_size;
  uint32_t changes_max;
  uint32_t pieces;
  uint32_t read_arena;
  uint32_t tasks;
  uint32_t tasks_max;
  /** Operations that the core hands over at once, at the most. */
  uint32_t tasks_flying_max;
  uint32_t settings;
};

inline int32_t load_word(const Memory* memory, uint32_t address) {
  int32_t value;
  memcpy(&value, memory->base + address, sizeof value);
  return value;
}

inline uint32_t load_unsigned(const Memory* memory, uint32_t address) {
  return static_cast<uint32_t>(load_word(memory, address));
}

inline void store_word(const Memory* memory, uint32_t address, int32_t value) {
  memcpy(memory->base + address, &value, sizeof value);
}

inline uint64_t load_long(const Memory* memory, uint32_t address) {
  uint64_t value;
  memcpy(&value, memory->base + address, sizeof value);
  return value;
}

inline void store_long(const Memory* memory, uint32_t address, uint64_t value) {
  memcpy(memory->base + address, &value, sizeof value);
}

inline void count(const Memory* memory, uint32_t counter) {
  store_long(memory, counter, load_long(memory, counter) + 1);
}

inline void count_more(const Memory* memory, uint32_t counter, uint64_t by) {
  store_long(memory, counter, load_long(memory, counter) + by);
}

/** Does [address, address + length) lie inside the memory? */
inline bool inside(const Memory* memory, uint32_t address, uint32_t length) {
  return address <= memory->size && length <= memory->size - address;
}

/** Copies limits and addresses out of the control block; a sentence on what is wrong, or null. */
const char* memory_open(Memory* memory, uint8_t* base, size_t size);

}  // namespace calandria
