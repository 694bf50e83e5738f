// The rings of io_uring(7), by raw system calls: entries in, completions out. What they mean is not
// known here.
//
// Completions are made only while this thread is in the kernel on the ring's behalf
// (IORING_SETUP_DEFER_TASKRUN), so nothing changes between two calls, and what waits to be made is
// announced: by a flag in memory while the loop runs, by an eventfd while it sleeps.
//
// The rings lie in memory of the kernel's, or in memory that the caller has for them
// (IORING_SETUP_NO_MMAP, Linux 6.5).
#pragma once

#include <cstddef>
#include <cstdint>

struct io_uring_cqe;
struct io_uring_sqe;

namespace calandria {

struct RingMap {
  uint8_t* base;
  size_t size;
};

/** Where the rings are to lie, from the start of a page on. */
struct RingRoom {
  uint8_t* base;
  size_t size;
};

struct Rings {
  /** -1: not open. */
  int fd;
  /** They lie in the caller's room. */
  bool placed;
  /** Readable when there is something to enter for, while somebody asked to be told. */
  int doorbell;
  RingMap map;
  RingMap entries_map;
  struct io_uring_sqe* entries;
  struct io_uring_cqe* completions;
  uint32_t* submission_head;
  uint32_t* submission_tail;
  uint32_t* submission_flags;
  uint32_t* completion_head;
  uint32_t* completion_tail;
  uint32_t* completion_flags;
  uint32_t submission_total;
  uint32_t completion_total;
  /** Entries up to here are filled; those from `handed` on the kernel has not seen yet. */
  uint32_t tail;
  uint32_t handed;
  /** Completions up to here were taken; the kernel is told when it is entered. */
  uint32_t head;
};

/** Which step was refused, for the sentence that says why there is no ring here. */
struct UringRefusal {
  /** "room", "setup", "features", "operations", "buffers", "map", "eventfd"; null: none was. */
  const char* step;
  /** -errno, or 0 when something is missing that the kernel does not name. */
  int error;
};

/**
 * Rings with at least so many entries, in the room (null: in the kernel's memory). Leaves nothing
 * open when it is refused.
 */
bool rings_open(Rings* rings, uint32_t entries, const RingRoom* room, UringRefusal* refusal);

void rings_close(Rings* rings);

/** A cleared entry to be filled, or null: hand over what there is first. */
struct io_uring_sqe* rings_entry(Rings* rings);

/** An entry that is queued: those from `handed` to `tail` are. */
struct io_uring_sqe* rings_queued_entry(const Rings* rings, uint32_t place);

/** What is queued is not handed over any more. */
inline void rings_drop(Rings* rings) { rings->tail = rings->handed; }

inline uint32_t rings_queued(const Rings* rings) { return rings->tail - rings->handed; }

/**
 * Hands over what is queued; with `reap` also makes the completions that wait to be made, and waits
 * until there are `least`. Entries taken, or -errno.
 */
long rings_enter(Rings* rings, bool reap, uint32_t least, uint64_t* interrupted);

/** Completions that lie in the ring and were not taken. */
inline uint32_t rings_waiting(const Rings* rings) {
  return __atomic_load_n(rings->completion_tail, __ATOMIC_ACQUIRE) - rings->head;
}

/** The completion at this place, which counts on and on. */
struct io_uring_cqe* rings_completion(const Rings* rings, uint32_t place);

/**
 * Those before `place` were taken. They stay where they are until the kernel is entered, for only
 * then does it write.
 */
inline void rings_take(Rings* rings, uint32_t place) { rings->head = place; }

/** The kernel has completions to make, or holds some back for want of room. */
bool rings_pending(const Rings* rings);

/** Completions are held back because the ring was full. */
bool rings_overflown(const Rings* rings);

/** From now on the doorbell rings, or no longer. */
void rings_listen(Rings* rings, bool on);

}  // namespace calandria
