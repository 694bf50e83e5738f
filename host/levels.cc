#include "levels.h"

#include <cstdlib>

#include "compiler.h"
#include "errors.h"

namespace calandria {

namespace {

/** What a call for all of them answered: 0, or -errno. */
int keep(Shim* shim, int result) {
  count(&shim->memory, layout::COUNTER_HOST_WAITS);
  return found_begin(&shim->levels->found, result);
}

int look(Shim* shim) {
  Levels* levels = shim->levels;
  const Watches* watches = &levels->watches;
  return keep(shim, levels->kind->wait(watches->entries, watches->total, 0));
}

/** Has the array back, if it is lent, and what was found meanwhile. 0, or -errno. */
int take(Shim* shim) {
  Waiter* waiter = &shim->levels->waiter;
  return waiter->away ? keep(shim, waiter_take(waiter)) : 0;
}

/** As many as the vector takes; the others wait for the next turn. */
int report(Shim* shim) {
  Levels* levels = shim->levels;
  Watches* watches = &levels->watches;
  const Memory* memory = &shim->memory;
  const auto size = static_cast<uint32_t>(levels->kind->size);
  uint32_t taken = 0;
  while (taken < shim->vector.now) {
    const uint32_t place = found_next(&levels->found, watches);
    if (place == 0) break;
    const Owner* owner = &watches->owners[place];
    uint8_t* event = memory->base + memory->events + taken * size;
    write_event_name(event, owner->record, owner->generation);
    levels->kind->pack(event + EVENT_NAME, &watches->entries[place]);
    watches_reported(watches, place);
    taken++;
  }
  vector_adapt(&shim->vector, taken);
  return static_cast<int>(taken);
}

}  // namespace

int levels_open(Shim* shim, const LevelKind* kind) {
  auto* levels = static_cast<Levels*>(calloc(1, sizeof(Levels)));
  if (levels == nullptr) return -ENOMEM;
  shim->levels = levels;
  levels->kind = kind;
  int result = watches_open(&levels->watches, shim->memory.records_max);
  if (result == 0) result = waiter_open(&levels->waiter, kind->wait);
  if (result < 0) return result;
  if (levels->waiter.recall.reader >= kind->descriptors_max) return -ECHRNG;
  shim->notifier = levels->waiter.news.reader;
  store_word(&shim->memory, layout::EVENT_FORMAT, kind->format);
  store_word(&shim->memory, layout::EVENT_RECORD_SIZE, kind->size);
  return 0;
}

int levels_attach(Shim* shim, int fd, uint32_t record, uint32_t generation, bool listener) {
  Levels* levels = shim->levels;
  if (fd >= levels->kind->descriptors_max) return -ECHRNG;
  take(shim);
  watches_add(&levels->watches, fd, record, generation, listener);
  return 0;
}

int levels_poll(Shim* shim) {
  Levels* levels = shim->levels;
  const bool away = levels->waiter.away;
  int result = take(shim);
  if (levels->waiter.lost < 0) return levels->waiter.lost;
  if (!away && levels->found.left == 0) result = look(shim);
  return result < 0 ? result : report(shim);
}

/**
 * Sleeps only after a look that found nothing: under load there is always something, and a look
 * costs less than a change to another thread and back.
 */
int levels_arm(Shim* shim, uint64_t deadline) {
  Levels* levels = shim->levels;
  take(shim);
  if (levels->found.left > 0) return 1;
  const int result = look(shim);
  if (result < 0 || levels->found.left > 0) return result < 0 ? result : 1;
  waiter_lend(&levels->waiter, levels->watches.entries, levels->watches.total, deadline);
  return 0;
}

void levels_close(Shim* shim) {
  Levels* levels = shim->levels;
  if (levels == nullptr) return;
  waiter_close(&levels->waiter);
  watches_close(&levels->watches);
  free(levels);
  shim->levels = nullptr;
  shim->notifier = -1;
}

int levels_detach(Shim* shim, int fd) {
  take(shim);
  watches_remove_descriptor(&shim->levels->watches, fd);
  return 0;
}

int levels_watch_room(Shim* shim, int, uint32_t record, uint32_t, bool on) {
  take(shim);
  watches_room(&shim->levels->watches, record, on);
  return 0;
}

CALANDRIA_HOT void levels_answered(Shim* shim, uint32_t entry, int32_t result) {
  watches_answered(&shim->levels->watches, &shim->memory, entry, result);
}

bool levels_found(const Shim* shim) { return shim->levels->found.left > 0; }

void levels_forget(Shim* shim, uint32_t record) {
  // A descriptor that a thread waits on would not be closed before it has stopped waiting.
  take(shim);
  watches_remove(&shim->levels->watches, record);
}

}  // namespace calandria
