// The content of a message: a header that names connection and sequence, then pseudo-random bytes
// that are the same for all. Small pieces are compared wholly, of larger ones the header and the
// end: a lost, doubled, swapped or foreign piece shows, and the load keeps ahead of the server.

#ifndef BENCH_MESSAGE_H
#define BENCH_MESSAGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

enum { MESSAGE_HEADER = 16, MESSAGE_SAMPLE = 256 };

struct message_header {
  uint64_t connection;
  uint64_t sequence;
};

static inline size_t smaller(size_t left, size_t right) {
  return left < right ? left : right;
}

static inline void message_fill(char *message, size_t length) {
  uint64_t state = 88172645463325252u;
  for (size_t index = 0; index < length; index++) {
    state ^= state << 13;
    state ^= state >> 7;
    state ^= state << 17;
    message[index] = (char)state;
  }
}

static inline void message_stamp(char *message, size_t length, struct message_header header) {
  memcpy(message, &header, smaller(length, MESSAGE_HEADER));
}

// Whether the piece that arrived at this offset of the message is the one that was sent.
static inline bool message_matches(const char *message, struct message_header header,
                                   const char *piece, size_t offset, size_t length) {
  if (offset < MESSAGE_HEADER) {
    size_t compared = smaller(length, MESSAGE_HEADER - offset);
    if (memcmp(piece, (const char *)&header + offset, compared) != 0) return false;
    piece += compared;
    offset += compared;
    length -= compared;
  }
  size_t skipped = length - smaller(length, MESSAGE_SAMPLE);
  return memcmp(piece + skipped, message + offset + skipped, length - skipped) == 0;
}

#endif
