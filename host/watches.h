// What each descriptor is asked for, where the kernel reports levels: "there is something to read",
// as long as there is. The core expects edges: it hears of readiness once, remembers it, and takes
// what it wants when it wants to. So what was reported is not asked for again before the core has
// used it up, or the host would spin on readiness that nobody wants.
//
//   asked    │ reported          │ asked for again when
//   ─────────┼───────────────────┼─────────────────────────────────────────────────────────────
//   POLLIN   │ once              │ a read fell short, an accept was answered, a count said 0
//   POLLOUT  │ once              │ a send fell short (at first: while a connection is made)
//   POLLPRI, │ once, for good    │ never: that there was urgent data, that the peer sent its end,
//   POLLRDHUP│                   │ the core knows from then on
//   POLLERR, │ once, and all     │ one of the first two is
//   POLLHUP  │ else is silent    │
//
// epoll(7) and poll(2) give these the same numbers.
#pragma once

#include <poll.h>

#include "memory.h"

namespace calandria {

/** Where a system has no such thing, the end is found by reading. */
#if defined(POLLRDHUP) && POLLRDHUP == 0x2000
constexpr short WATCH_END = POLLRDHUP;
#else
constexpr short WATCH_END = 0;
#endif

/** The entry that is the waiter's (waiter.h). */
constexpr uint32_t WATCHES_FIRST = 1;

struct Owner {
  uint32_t record;
  uint32_t generation;
  /** Room for sends is of interest only on request (Interface, watch_room). */
  bool listener;
};

struct Watches {
  /** As poll(2) takes them. Of a silent one the descriptor is turned over: ~fd. */
  struct pollfd* entries;
  /** Whose entry it is, by place. */
  Owner* owners;
  /** Where its entry is, by record; 0: nowhere. Behind the records: of completions. */
  uint32_t* places;
  uint32_t records_max;
  /** Places in use, the waiter's among them. */
  uint32_t total;
};

/** Entries that have something, as a call for all of them answered, and were not reported yet. */
struct Found {
  uint32_t left;
  /** The place where to go on. */
  uint32_t cursor;
};

/** An event of a kernel that gives nothing of ours back begins with u32 record, u32 generation. */
constexpr uint32_t EVENT_NAME = 8;

inline void write_event_name(uint8_t* event, uint32_t record, uint32_t generation) {
  memcpy(event, &record, sizeof record);
  memcpy(event + sizeof record, &generation, sizeof generation);
}

/** 0, or -ENOMEM. */
int watches_open(Watches* watches, uint32_t records_max);

void watches_close(Watches* watches);

/** Asks `fd` for what the core hears of from the beginning. */
void watches_add(Watches* watches, int fd, uint32_t record, uint32_t generation, bool listener);

/** The last entry takes the place of the removed one. */
void watches_remove(Watches* watches, uint32_t record);

/** As remove; looks at all of them. */
void watches_remove_descriptor(Watches* watches, int fd);

/** Asks for room for sends, or no more. */
void watches_room(Watches* watches, uint32_t record, bool on);

/** `revents` of this place were reported. */
void watches_reported(Watches* watches, uint32_t place);

/** A submission came to `result`: asks again for what was used up by it. Was there anything? */
bool watches_answered(Watches* watches, const Memory* memory, uint32_t entry, int32_t result);

/** The record whose entry that concerns. */
uint32_t watches_subject(const Memory* memory, uint32_t entry);

/** What a call answered, a number or -errno: 0, or that error unless it was interrupted. */
int found_begin(Found* found, int result);

/** The place of the next one, or 0: there is none. What was closed meanwhile is passed over. */
uint32_t found_next(Found* found, const Watches* watches);

/** The place of a record's entry, or 0. Any record is answered. */
uint32_t watches_place(const Watches* watches, uint32_t record);

}  // namespace calandria
