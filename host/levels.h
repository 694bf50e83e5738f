// Hosts that ask about all their descriptors in one call and have nothing to watch: poll(2),
// select(2). What they share: an array of what to ask (watches.h), and a thread that asks while the
// reactor sleeps (waiter.h).
#pragma once

#include "shim.h"
#include "waiter.h"
#include "watches.h"

namespace calandria {

/** What one of them has of its own. */
struct LevelKind {
  Wait wait;
  /** FORMAT_ and the size of a record. */
  int32_t format;
  int32_t size;
  /** Writes the kernel's part of a record. */
  void (*pack)(uint8_t* record, const struct pollfd* entry);
  /** Descriptors from this one on it cannot hold. */
  int descriptors_max;
};

struct Levels {
  const LevelKind* kind;
  Watches watches;
  Waiter waiter;
  Found found;
};

// As the verbs of an Interface (shim.h).
int levels_open(Shim* shim, const LevelKind* kind);
int levels_attach(Shim* shim, int fd, uint32_t record, uint32_t generation, bool listener);
int levels_poll(Shim* shim);
int levels_arm(Shim* shim, uint64_t deadline);
void levels_close(Shim* shim);
int levels_detach(Shim* shim, int fd);
int levels_watch_room(Shim* shim, int fd, uint32_t record, uint32_t generation, bool on);
void levels_answered(Shim* shim, uint32_t entry, int32_t result);
void levels_forget(Shim* shim, uint32_t record);
bool levels_found(const Shim* shim);

constexpr Interface levels_interface(const char* name, int (*open)(Shim* shim)) {
  Interface interface = {name,          open,         levels_attach,     levels_poll,
                         levels_arm,    levels_close, levels_detach,     levels_watch_room,
                         true,          levels_answered, levels_forget};
  interface.found = levels_found;
  return interface;
}

}  // namespace calandria
