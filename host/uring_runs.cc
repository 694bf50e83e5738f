#include <cstdlib>

#include "system.h"
#include "uring.h"

namespace calandria {

namespace {

/** Looks after which a run that nobody asked for is moved aside. */
constexpr uint32_t PATIENCE = 2;
/** Most bytes that are moved aside; what comes beyond them stays where it is. */
constexpr uint64_t STASH_MAX = 4u << 20;

uint32_t take_free(Uring* uring) {
  const uint32_t run = uring->runs_free;
  if (run != NOBODY) {
    uring->runs_free = uring->runs[run].next;
    return run;
  }
  return uring->runs_touched < uring->runs_total ? uring->runs_touched++ : NOBODY;
}

/** Puts the record at the end of those for whom something may wait. */
void list(Shim* shim, uint32_t record, Watch* watch) {
  Uring* uring = shim->uring;
  if (watch->listed) return;
  watch->listed = true;
  watch->next_listed = NOBODY;
  if (uring->listed_last == NOBODY) uring->listed_first = record;
  else uring->watches[uring->listed_last].next_listed = record;
  uring->listed_last = record;
}

uint32_t unlist(Uring* uring) {
  const uint32_t record = uring->listed_first;
  Watch* watch = &uring->watches[record];
  uring->listed_first = watch->next_listed;
  if (uring->listed_first == NOBODY) uring->listed_last = NOBODY;
  watch->listed = false;
  return record;
}

uint32_t stash_left(const Watch* watch) {
  return watch->stash == nullptr ? 0 : watch->stash->length - watch->stash->given;
}

void drop_stash(Uring* uring, Watch* watch) {
  if (watch->stash == nullptr) return;
  uring->stashed -= watch->stash->length;
  free(watch->stash);
  watch->stash = nullptr;
}

/** Makes room for so many more bytes behind what is left; null when there is no memory. */
uint8_t* stash_room(Uring* uring, Watch* watch, uint32_t length) {
  const uint32_t left = stash_left(watch);
  auto* grown = static_cast<Stash*>(malloc(sizeof(Stash) + left + length));
  if (grown == nullptr) return nullptr;
  grown->length = left + length;
  grown->given = 0;
  if (left > 0) memcpy(grown->bytes, watch->stash->bytes + watch->stash->given, left);
  drop_stash(uring, watch);
  watch->stash = grown;
  uring->stashed += grown->length;
  return grown->bytes + left;
}

/** Out of the segments, so that these can be filled again. */
void move_aside(Shim* shim, Watch* watch) {
  Uring* uring = shim->uring;
  uint32_t length = 0;
  for (uint32_t run = watch->first; run != NOBODY; run = uring->runs[run].next) {
    length += uring->runs[run].length;
  }
  if (length == 0 || uring->stashed + length > STASH_MAX) return;
  uint8_t* to = stash_room(uring, watch, length);
  if (to == nullptr) return;
  while (watch->first != NOBODY) {
    const Run* run = &uring->runs[watch->first];
    memcpy(to, shim->memory.base + run->address, run->length);
    to += run->length;
    buffers_segment(&uring->buffers, &shim->memory, run->address)->runs--;
    run_drop(uring, watch);
  }
}

}  // namespace

bool run_append(Shim* shim, uint32_t record, Watch* watch, uint32_t address, uint32_t length) {
  Uring* uring = shim->uring;
  if (length > 0 && watch->last != NOBODY) {
    Run* last = &uring->runs[watch->last];
    const uint32_t size = shim->memory.read_segment_size;
    const bool same = (address - shim->memory.read_arena) / size ==
                      (last->address - shim->memory.read_arena) / size;
    if (same && last->address + last->length == address) {
      last->length += length;
      buffers_segment(&uring->buffers, &shim->memory, address)->runs--;
      return true;
    }
  }
  const uint32_t place = take_free(uring);
  if (place == NOBODY) return false;
  uring->runs[place] = {address, length, uring->looks, NOBODY};
  if (watch->last == NOBODY) watch->first = place;
  else uring->runs[watch->last].next = place;
  watch->last = place;
  list(shim, record, watch);
  return true;
}

void run_drop(Uring* uring, Watch* watch) {
  const uint32_t run = watch->first;
  watch->first = uring->runs[run].next;
  if (watch->first == NOBODY) watch->last = NOBODY;
  uring->runs[run].next = uring->runs_free;
  uring->runs_free = run;
}

void runs_drop(Shim* shim, Watch* watch, bool connections) {
  Uring* uring = shim->uring;
  while (watch->first != NOBODY) {
    const uint32_t address = uring->runs[watch->first].address;
    if (connections) system_close(static_cast<int>(address));
    else buffers_segment(&uring->buffers, &shim->memory, address)->runs--;
    run_drop(uring, watch);
  }
  drop_stash(uring, watch);
}

uint32_t runs_bytes(const Uring* uring, const Watch* watch) {
  uint32_t length = stash_left(watch);
  for (uint32_t run = watch->first; run != NOBODY; run = uring->runs[run].next) {
    length += uring->runs[run].length;
  }
  return length;
}

uint32_t runs_count(const Uring* uring, const Watch* watch) {
  uint32_t total = 0;
  for (uint32_t run = watch->first; run != NOBODY; run = uring->runs[run].next) total++;
  return total;
}

uint32_t runs_take(Shim* shim, Watch* watch, uint8_t* to, uint32_t most) {
  Uring* uring = shim->uring;
  uint32_t taken = stash_left(watch);
  if (taken > most) taken = most;
  if (taken > 0) {
    memcpy(to, watch->stash->bytes + watch->stash->given, taken);
    watch->stash->given += taken;
    if (stash_left(watch) == 0) drop_stash(uring, watch);
  }
  while (taken < most && watch->first != NOBODY) {
    Run* run = &uring->runs[watch->first];
    const uint32_t part = run->length < most - taken ? run->length : most - taken;
    memcpy(to + taken, shim->memory.base + run->address, part);
    taken += part;
    run->address += part;
    run->length -= part;
    if (run->length > 0) break;
    buffers_segment(&uring->buffers, &shim->memory, run->address - 1)->runs--;
    run_drop(uring, watch);
  }
  return taken;
}

void runs_age(Shim* shim) {
  Uring* uring = shim->uring;
  while (uring->listed_first != NOBODY) {
    const uint32_t record = uring->listed_first;
    Watch* watch = &uring->watches[record];
    if (watch->first == NOBODY) {
      unlist(uring);
      continue;
    }
    // Whoever stands behind it came later.
    if (uring->looks - uring->runs[watch->first].look < PATIENCE) return;
    unlist(uring);
    const bool listens = shim->descriptors[record].source == &uring_listener;
    watch_hold_back(shim, record, watch, listens ? layout::RING_ACCEPT : layout::RING_RECEIVE);
    if (!listens) move_aside(shim, watch);
  }
}

}  // namespace calandria
