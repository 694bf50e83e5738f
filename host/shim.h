// What every native host is made of: the memory, a table of descriptors that memory cannot reach,
// and the four verbs a kernel interface has to offer. host/README.md tells how to add one.
#pragma once

#include <cstdint>

#include "memory.h"
#include "nested.h"
#include "vector.h"

/** libuv's (<uv.h>). */
struct uv_loop_s;

namespace calandria {

struct Completions;
struct FileStream;
struct Kqueue;
struct Left;
struct Levels;
struct Realtime;
struct Registrations;
struct Shim;
struct Slots;
struct Source;
struct Share;
struct Slot;
struct Uring;
struct WarmJob;
struct Warmth;

/** A source that is still being opened: a number that no descriptor has. */
constexpr int FD_OPENING = 0x7fffffff;

extern const Source stream_source;
extern const Source listener_source;

struct Descriptor {
  int fd;  // -1: none
  uint32_t generation;
  /** What this descriptor's operations do; never null while fd is not -1. */
  const Source* source;
  /** The source's own, or null. */
  void* state;
  /** A listener that somebody else made: others may serve it, its file is theirs. */
  bool given = false;
};

/** A kernel interface. All return 0 or more, or -errno. */
struct Interface {
  const char* name;
  int (*open)(Shim* shim);
  /** Reports readiness of `fd` for (record, generation) from now on, edge-triggered. */
  int (*attach)(Shim* shim, int fd, uint32_t record, uint32_t generation, bool listener);
  /** Copies pending kernel records into the event vector, without waiting. */
  int (*poll)(Shim* shim);
  /**
   * Before the loop sleeps: makes the pollable descriptor readable at this time (ns,
   * CLOCK_MONOTONIC; 0: never). More than 0: there is something to poll already. An error is what
   * the next poll would say: the loop does not sleep on it.
   */
  int (*arm)(Shim* shim, uint64_t deadline);
  void (*close)(Shim* shim);
  /**
   * Forgets `fd` before it is closed: needed where another descriptor may share its open file,
   * which closing one of them does not end.
   */
  int (*detach)(Shim* shim, int fd);
  /**
   * Of what was attached as a listener: reports room for sends too, as long as `on`. Once if there
   * is some already.
   */
  int (*watch_room)(Shim* shim, int fd, uint32_t record, uint32_t generation, bool on);
  /**
   * Made of a kernel's levels (watches.h): what announces by being readable has to be read, or it
   * is reported again and again.
   */
  bool levels = false;
  /** Or null: a submission came to this result. */
  void (*answered)(Shim* shim, uint32_t entry, int32_t result) = nullptr;
  /** Or null: the record's descriptor is about to be closed, or left to somebody else. */
  void (*forget)(Shim* shim, uint32_t record) = nullptr;
  /** Or null: hands over what the verbs have put together, and waits for the answers to it. */
  void (*flush)(Shim* shim) = nullptr;
  /** Or null: waits for what the kernel still does with this memory, before anything of it goes. */
  void (*finish)(Shim* shim) = nullptr;
  /** Or null: takes a file's operation into the kernel's own queue; false: it is the pool's. */
  bool (*operate)(Shim* shim, Slot* slot) = nullptr;
  /** What connections and listeners can do here. */
  const Source* stream = &stream_source;
  const Source* listener = &listener_source;
  /**
   * Or null: what attach() has put off becomes true. Answers what the kernel had to say against
   * this one, -errno or 0; of the others the core hears in events.
   */
  int (*settle)(Shim* shim, uint32_t record, uint32_t generation) = nullptr;
  /** Or null: has a part of a file fetched into the page cache; false: it is the pool's. */
  bool (*fetch)(Shim* shim, WarmJob* job) = nullptr;
  /** Or null: the last look found more than it could report, so that the next costs no call. */
  bool (*found)(const Shim* shim) = nullptr;
};

struct Shim {
  Memory memory;
  const Interface* interface;
  Descriptor* descriptors;
  /** What the outer loop watches: the notifier's own descriptor. */
  int notifier;
  Nest nest;
  /** Of poll and select (levels.h), while they are open. */
  Levels* levels;
  /** Of epoll level-triggered and one-shot (registrations.h), while they are open. */
  Registrations* registrations;
  /** Of signal-driven I/O (realtime.h), while it is open. */
  Realtime* realtime;
  /** Of io_uring (uring.h), while it is open; and with how many entries it is opened. */
  Uring* uring;
  uint32_t entries;
  /** The notifier became readable, and was not asked since. */
  bool roused;
  /** A send of this queue fell short. */
  bool fell_short;
  /** Of the kqueue interface, while it is open. */
  Kqueue* kqueue;
  Vector vector;
  int timer;
  uint64_t armed;
  /** Somebody has called from outside since it was armed. */
  bool called;
  /** Why the loop may not sleep (-errno): the next turn is told in place of a look. Or 0. */
  int restless;
  uint64_t interrupted;
  /** Where datagrams are received; null until the first socket for them. */
  struct DatagramRoom* datagrams;
  /** Files that were adopted (file_streams.h). */
  FileStream* file_streams;
  /** Rings of inboxes (inbox.h), until they are taken back. */
  Share* shares;
  /** The loop that drives this, for sources that libuv has to bring; null without one. */
  struct uv_loop_s* loop;
  /** libuv's handles over this memory: `released` is called as each is closed, and may free it. */
  int handles;
  /** Our ends of the streams of the process that was spawned last, until they are taken; or -1. */
  int spawned[3];
  /** Processes that go on although nobody watches them (processes.h). */
  Left* left;
  void (*released)(Shim* shim);
  /** What is answered later, and where its bytes lie meanwhile; null until first used. */
  Completions* completions;
  Slots* slots;
  /** By operation: what is known of the files that are being sent; null until first used. */
  Warmth* warmth;
};

/** How a shim looks at the kernel. */
struct ShimOptions {
  /** 1 to NOTIFIERS_MAX; more than 1 needs an interface that nests them. */
  int notifiers;
  /** Whether the event vector grows and shrinks with what comes. */
  bool adaptive;
  /** Of a ring: what one call hands over at the most, a power of two up to RING_ENTRIES_MAX. */
  uint32_t entries;
};

/** The fd of a live (record, generation), or -1. Any index is answered. */
inline int descriptor_of(const Shim* shim, uint32_t record, uint32_t generation) {
  if (record >= shim->memory.records_max) return -1;
  const Descriptor* descriptor = &shim->descriptors[record];
  return descriptor->generation == generation ? descriptor->fd : -1;
}

/** Takes `fd` into the table; -EEXIST when the record still has one. */
int descriptor_keep(Shim* shim, uint32_t record, uint32_t generation, int fd, const Source* source,
                    void* state);

/** Whether `fd` is in the table; looks at all of it. */
bool descriptor_known(const Shim* shim, int fd);

/** Takes it out of the table and closes it as its source does. 0, or -errno. */
int32_t descriptor_close(Shim* shim, uint32_t record);

/**
 * Opens the interface over this memory; a sentence on what is wrong, or null. `error` gets -errno
 * or 0.
 */
const char* shim_open(Shim* shim, const Interface* interface, const ShimOptions* options,
                      uint8_t* base, size_t size, int* error);

/**
 * Executes the submission queue in order. Returns 1 when a send fell short (its completion should
 * be looked at soon), 0 when none did, -EPROTO when the queue is not to be
 * believed: nothing was executed then, and SUBMISSION_DONE says so.
 */
int shim_submit(Shim* shim);

/** Closes every descriptor that is still open, and the interface. */
void shim_close(Shim* shim);

uint64_t shim_now();

}  // namespace calandria
