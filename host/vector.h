// How many events one look at the kernel takes. A small vector keeps a turn short; one that comes
// back full was too small.
#pragma once

#include <cstdint>

namespace calandria {

/** An adaptive vector begins with so many events, and never takes fewer. */
constexpr uint32_t VECTOR_LEAST = 8;
/** So many looks in a row that fill less than a quarter halve it. */
constexpr uint32_t VECTOR_SPARSE_LOOKS = 4;

struct Vector {
  /** What the next look takes at the most, and what there is room for. */
  uint32_t now;
  uint32_t most;
  /** `now` may become so small; as `most` when it never changes. */
  uint32_t least;
  /** Looks in a row that filled less than a quarter. */
  uint32_t sparse;
};

inline void vector_open(Vector* vector, uint32_t most, bool adaptive) {
  vector->most = most;
  vector->least = adaptive && most > VECTOR_LEAST ? VECTOR_LEAST : most;
  vector->now = vector->least;
  vector->sparse = 0;
}

/** After a look that brought so many. One that found nothing tells nothing of how many come. */
inline void vector_adapt(Vector* vector, uint32_t taken) {
  if (taken == 0) return;
  if (taken * 4 < vector->now) {
    if (++vector->sparse < VECTOR_SPARSE_LOOKS) return;
    vector->now = vector->now / 2 < vector->least ? vector->least : vector->now / 2;
  } else if (taken == vector->now) {
    vector->now = vector->now > vector->most / 2 ? vector->most : vector->now * 2;
  }
  vector->sparse = 0;
}

}  // namespace calandria
