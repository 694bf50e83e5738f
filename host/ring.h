// The ring of an inbox, as src/inbox/ring.ts describes it: the consumer's half, for posts that
// threads made in JavaScript. It knows nothing of the shim, so that it can be tested with threads
// alone.
#pragma once

#include <cerrno>
#include <cstdint>
#include <cstring>

#include "compiler.h"

namespace calandria {

constexpr uint32_t RING_MAGIC = 0x474e4952;
constexpr uint32_t RING_DATA = 256;
constexpr uint32_t RING_CAPACITY_MIN = 1 << 10;
constexpr uint32_t RING_CAPACITY_MAX = 1 << 30;
/** Bits of the gate; below them, how many producers are at the descriptor. */
constexpr uint32_t RING_CLOSED = 1 << 30;
constexpr uint32_t RING_LEFT = 1 << 29;
/** Most bytes of one post: it fits the least room of a RECEIVE (layout::BATCH_ROOM). */
constexpr uint32_t RING_POST_MAX = 32760;
/** A post's head: u32 length + 1, u32 0; in a batch u32 length, u32 0. */
constexpr uint32_t RING_HEAD = 8;

/** Words of its control block. */
enum RingWord : uint32_t {
  RING_WORD_MAGIC = 0,
  RING_WORD_CAPACITY = 1,
  RING_WORD_HEAD = 16,
  RING_WORD_TAIL = 32,
  RING_WORD_SLEEP = 48,
  RING_WORD_GATE = 49,
};

struct Ring {
  uint8_t* base;
  uint32_t capacity;
  /** Of the last sleep. */
  uint32_t epoch;
};

inline uint32_t* ring_word(const Ring* ring, uint32_t word) {
  return reinterpret_cast<uint32_t*>(ring->base) + word;
}

inline uint32_t ring_load(const Ring* ring, uint32_t word) {
  return load_ordered(ring_word(ring, word));
}

inline void ring_store(const Ring* ring, uint32_t word, uint32_t value) {
  store_ordered(ring_word(ring, word), value);
}

/** False when these bytes are no ring. */
inline bool ring_open(Ring* ring, uint8_t* base, size_t size) {
  if (size < RING_DATA + RING_CAPACITY_MIN || size > RING_DATA + RING_CAPACITY_MAX) return false;
  if (reinterpret_cast<uintptr_t>(base) % RING_HEAD != 0) return false;
  ring->base = base;
  ring->capacity = static_cast<uint32_t>(size) - RING_DATA;
  ring->epoch = 1;
  return (ring->capacity & (ring->capacity - 1)) == 0 &&
         ring_load(ring, RING_WORD_MAGIC) == RING_MAGIC &&
         ring_load(ring, RING_WORD_CAPACITY) == ring->capacity;
}

inline uint8_t* ring_at(const Ring* ring, uint32_t position) {
  return ring->base + RING_DATA + (position & (ring->capacity - 1));
}

/** The first word of the post at this position: 0 until it is complete. */
inline uint32_t ring_mark(const Ring* ring, uint32_t position) {
  return load_ordered(reinterpret_cast<uint32_t*>(ring_at(ring, position)));
}

inline uint32_t ring_size_of(uint32_t length) { return RING_HEAD + ((length + 7) & ~7u); }

/** Is there a complete post? */
inline bool ring_filled(const Ring* ring) {
  return ring_mark(ring, ring_load(ring, RING_WORD_TAIL)) != 0;
}

/** Bytes of the post at this position, or 0 when its first word cannot be meant. */
inline uint32_t ring_post_size(const Ring* ring, uint32_t tail, uint32_t position, uint32_t mark) {
  if (mark > RING_POST_MAX + 1) return 0;
  const uint32_t size = ring_size_of(mark - 1);
  // Behind the mark: the head that it was reserved with is there too.
  const uint32_t reserved = ring_load(ring, RING_WORD_HEAD) - tail;
  return size <= reserved - (position - tail) ? size : 0;
}

/** Complete posts, in order, until one that is not. */
inline int32_t ring_count(const Ring* ring) {
  const uint32_t tail = ring_load(ring, RING_WORD_TAIL);
  int32_t posts = 0;
  for (uint32_t at = tail; at - tail < ring->capacity; posts++) {
    const uint32_t mark = ring_mark(ring, at);
    const uint32_t size = mark == 0 ? 0 : ring_post_size(ring, tail, at, mark);
    if (size == 0) break;
    at += size;
  }
  return posts;
}

/** Out of the ring, leaving zeros. */
inline void ring_move(const Ring* ring, uint32_t position, uint32_t size, uint8_t* target) {
  const uint32_t before = ring->capacity - (position & (ring->capacity - 1));
  const uint32_t first = size < before ? size : before;
  memcpy(target, ring_at(ring, position), first);
  memset(ring_at(ring, position), 0, first);
  if (first == size) return;
  memcpy(target + first, ring->base + RING_DATA, size - first);
  memset(ring->base + RING_DATA, 0, size - first);
}

/**
 * Moves posts as a batch to `target`: at most `most` bytes and `records` posts (0: any number).
 * Bytes, or -EPROTO when this is no ring.
 */
inline int32_t ring_drain(const Ring* ring, uint8_t* target, uint32_t most, uint32_t records) {
  const uint32_t tail = ring_load(ring, RING_WORD_TAIL);
  uint32_t filled = 0;
  for (uint32_t posts = 0; records == 0 || posts < records; posts++) {
    const uint32_t mark = ring_mark(ring, tail + filled);
    if (mark == 0) break;
    const uint32_t size = ring_post_size(ring, tail, tail + filled, mark);
    if (size == 0) return -EPROTO;
    if (size > most - filled) break;
    ring_move(ring, tail + filled, size, target + filled);
    const uint32_t length = mark - 1;
    memcpy(target + filled, &length, sizeof length);
    filled += size;
  }
  if (filled > 0) ring_store(ring, RING_WORD_TAIL, tail + filled);
  return static_cast<int32_t>(filled);
}

/** Whoever posts from now on wakes the consumer. Look at ring_filled() behind it. */
inline void ring_fall_asleep(Ring* ring) {
  ring->epoch = ring->epoch == 0x7fffffff ? 1 : ring->epoch + 1;
  ring_store(ring, RING_WORD_SLEEP, ring->epoch);
}

inline void ring_wake_up(const Ring* ring) { ring_store(ring, RING_WORD_SLEEP, 0); }

/** Sets a bit of the gate. True: no producer is at the descriptor. */
inline bool ring_shut(const Ring* ring, uint32_t bit) {
  const uint32_t before = or_ordered(ring_word(ring, RING_WORD_GATE), bit);
  return (before & (RING_LEFT - 1)) == 0;
}

}  // namespace calandria
