// What the files of the benchmark hold: 32-bit words that count up. So any piece of one tells
// whether it belongs where it was found.

#ifndef BENCH_CONTENT_H
#define BENCH_CONTENT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

static inline void content_fill(uint32_t *words, size_t count, uint64_t offset) {
  for (size_t index = 0; index < count; index++) words[index] = (uint32_t)(offset / 4 + index);
}

// Compares the first and the last whole word of the piece from this offset of the file.
static inline bool content_matches(const char *piece, uint64_t offset, size_t length) {
  size_t first = (size_t)(-offset & 3);
  if (length < first + 4) return true;
  size_t last = first + (length - first - 4) / 4 * 4;
  uint32_t word;
  memcpy(&word, piece + first, sizeof word);
  if (word != (uint32_t)((offset + first) / 4)) return false;
  memcpy(&word, piece + last, sizeof word);
  return word == (uint32_t)((offset + last) / 4);
}

#endif
