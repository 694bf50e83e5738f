// epoll(7) as it was used before it had edges, for comparison: level-triggered or one-shot. What a
// descriptor is registered for follows what the core waits for (watches.h), and each change is a
// system call; edge-triggered there is none.
//
//              │ reported            │ nobody takes it            │ it was used up
//   ───────────┼─────────────────────┼────────────────────────────┼──────────────────────────────
//   level      │ stays registered    │ MOD: no more of that       │ MOD: again (or nothing, when
//              │                     │                            │ it was taken before the look)
//   one-shot   │ is silent           │ MOD: the other things      │ MOD: again
#pragma once

#include "shim.h"
#include "watches.h"

namespace calandria {

struct Registrations {
  bool one_shot;
  Watches watches;
  /** What the kernel was last told, by record; REGISTERED_NOT: it is not in the set. */
  int32_t* known;
  /** Records that may be registered for something else than they should, and whether they are. */
  uint32_t* changed;
  bool* listed;
  uint32_t changes;
};

constexpr int32_t REGISTERED_NOT = -1;

}  // namespace calandria
