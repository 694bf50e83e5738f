// Several notifiers in one reactor: epoll instances nested in one that the outer loop watches.
#pragma once

#include <cstdint>

namespace calandria {

constexpr int NOTIFIERS_MAX = 8;

struct Nest {
  /** How many there are; 1: nothing is nested, and the rest is unused. */
  int total;
  int notifiers[NOTIFIERS_MAX];
  /** Places: of the one that the next descriptor goes to, and of the one that was asked last. */
  int next;
  int last;
  /** A bit for each that was readable at the last look and was not asked since. */
  uint32_t readable;
};

}  // namespace calandria
