#include "registrations.h"

#include <cerrno>
#include <cstdlib>
#include <sys/epoll.h>

#include "epoll.h"
#include "interfaces.h"
#include "system.h"

namespace calandria {

namespace {

/** Where a record's own words are; behind the records those of completions. */
uint32_t slot_of(const Registrations* all, uint32_t record) {
  const bool completions = record == static_cast<uint32_t>(layout::RECORD_COMPLETIONS);
  return completions ? all->watches.records_max : record;
}

/** Looked at before the next look at the kernel. Any record is taken. */
void list(Registrations* all, uint32_t record) {
  const uint32_t slot = slot_of(all, record);
  if (slot > all->watches.records_max || all->listed[slot]) return;
  all->listed[slot] = true;
  all->changed[all->changes++] = record;
}

long control(Shim* shim, int operation, int fd, const Owner* owner, int32_t events) {
  struct epoll_event event;
  event.events = static_cast<uint32_t>(events);
  if (shim->registrations->one_shot) event.events |= EPOLLONESHOT;
  event.data.u64 = static_cast<uint64_t>(owner->generation) << 32 | owner->record;
  count(&shim->memory, layout::COUNTER_HOST_CONTROLS);
  if (operation == EPOLL_CTL_DEL) return system_epoll_remove(shim->notifier, fd);
  if (operation == EPOLL_CTL_ADD) return system_epoll_add(shim->notifier, fd, &event);
  return system_epoll_modify(shim->notifier, fd, &event);
}

/** Registers one record for what is wanted of it. 0, or -errno. */
int settle(Shim* shim, uint32_t record) {
  Registrations* all = shim->registrations;
  const uint32_t slot = slot_of(all, record);
  const uint32_t place = watches_place(&all->watches, record);
  all->listed[slot] = false;
  if (place == 0) return 0;
  const struct pollfd* entry = &all->watches.entries[place];
  const Owner* owner = &all->watches.owners[place];
  int32_t* known = &all->known[slot];
  long result = 0;
  if (entry->fd < 0) {
    // An error or a hang-up, which levels tell whether they were asked or not.
    if (all->one_shot || *known == REGISTERED_NOT) return 0;
    result = control(shim, EPOLL_CTL_DEL, ~entry->fd, owner, 0);
    *known = REGISTERED_NOT;
  } else if (entry->events != *known) {
    const int operation = *known == REGISTERED_NOT ? EPOLL_CTL_ADD : EPOLL_CTL_MOD;
    result = control(shim, operation, entry->fd, owner, entry->events);
    if (result == 0) *known = entry->events;
  }
  return static_cast<int>(result);
}

int settle_all(Shim* shim) {
  Registrations* all = shim->registrations;
  while (all->changes > 0) {
    const uint32_t record = all->changed[all->changes - 1];
    const int result = settle(shim, record);
    // There will be memory again; what somebody else has closed is lost, and no other with it.
    if (result == -ENOMEM || result == -ENOSPC) return result;
    all->changes--;
  }
  return 0;
}

int open_as(Shim* shim, bool one_shot) {
  auto* all = static_cast<Registrations*>(calloc(1, sizeof(Registrations)));
  if (all == nullptr) return -ENOMEM;
  shim->registrations = all;
  all->one_shot = one_shot;
  const size_t slots = static_cast<size_t>(shim->memory.records_max) + 1;
  const int result = watches_open(&all->watches, shim->memory.records_max);
  if (result < 0) return result;
  all->known = static_cast<int32_t*>(malloc(slots * sizeof(int32_t)));
  all->changed = static_cast<uint32_t*>(malloc(slots * sizeof(uint32_t)));
  all->listed = static_cast<bool*>(calloc(slots, sizeof(bool)));
  if (all->known == nullptr || all->changed == nullptr || all->listed == nullptr) return -ENOMEM;
  return epoll_open(shim);
}

int open_level(Shim* shim) { return open_as(shim, false); }

int open_one_shot(Shim* shim) { return open_as(shim, true); }

int attach(Shim* shim, int fd, uint32_t record, uint32_t generation, bool listener) {
  Registrations* all = shim->registrations;
  watches_add(&all->watches, fd, record, generation, listener);
  all->known[slot_of(all, record)] = REGISTERED_NOT;
  // At once: what cannot be watched is refused here.
  const int result = settle(shim, record);
  if (result < 0) watches_remove(&all->watches, record);
  return result;
}

void reported(Registrations* all, uint32_t record, uint32_t raised) {
  const uint32_t place = watches_place(&all->watches, record);
  if (place == 0) return;
  all->watches.entries[place].revents = static_cast<short>(raised);
  watches_reported(&all->watches, place);
  // Disarmed: anything that is wanted is to be said anew.
  if (all->one_shot) all->known[slot_of(all, record)] = 0;
  list(all, record);
}

int look(Shim* shim) {
  const int settled = settle_all(shim);
  if (settled < 0) return settled;
  const int total = epoll_poll_one(shim, shim->notifier);
  const Memory* memory = &shim->memory;
  for (int place = 0; place < total; place++) {
    struct epoll_event event;
    const uint32_t at = memory->events + static_cast<uint32_t>(place) * sizeof event;
    memcpy(&event, memory->base + at, sizeof event);
    reported(shim->registrations, static_cast<uint32_t>(event.data.u64), event.events);
  }
  return total;
}

int arm(Shim* shim, uint64_t deadline) {
  const int settled = settle_all(shim);
  return settled < 0 ? settled : epoll_arm(shim, deadline);
}

void close_all(Shim* shim) {
  Registrations* all = shim->registrations;
  epoll_close(shim);
  if (all == nullptr) return;
  watches_close(&all->watches);
  free(all->known);
  free(all->changed);
  free(all->listed);
  free(all);
  shim->registrations = nullptr;
}

int detach(Shim* shim, int fd) {
  watches_remove_descriptor(&shim->registrations->watches, fd);
  return epoll_detach_from(shim, shim->notifier, fd);
}

int watch_room(Shim* shim, int, uint32_t record, uint32_t, bool on) {
  watches_room(&shim->registrations->watches, record, on);
  list(shim->registrations, record);
  return 0;
}

void answered(Shim* shim, uint32_t entry, int32_t result) {
  const Memory* memory = &shim->memory;
  if (watches_answered(&shim->registrations->watches, memory, entry, result)) {
    list(shim->registrations, watches_subject(memory, entry));
  }
}

/**
 * Closing a descriptor ends its registration, unless a child of ours has it, too. Edges and events
 * told once are harmless then; a level would be told in every look.
 */
void forget(Shim* shim, uint32_t record) {
  Registrations* all = shim->registrations;
  const uint32_t place = watches_place(&all->watches, record);
  if (place == 0) return;
  if (!all->one_shot && all->known[slot_of(all, record)] != REGISTERED_NOT) {
    const int fd = all->watches.entries[place].fd;
    control(shim, EPOLL_CTL_DEL, fd < 0 ? ~fd : fd, &all->watches.owners[place], 0);
  }
  watches_remove(&all->watches, record);
}

}  // namespace

const Interface level_epoll_interface = {"epoll-level", open_level, attach,     look,
                                         arm,           close_all,  detach,     watch_room,
                                         true,          answered,   forget};

const Interface one_shot_epoll_interface = {"epoll-oneshot", open_one_shot, attach, look,
                                            arm,             close_all,     detach, watch_room,
                                            true,            answered,      forget};

}  // namespace calandria
