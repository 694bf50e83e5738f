// kqueue(2), edge-triggered (EV_CLEAR): each side of a descriptor is one filter, added once in its
// life. Changes are put together in the change vector, which lies in the memory shared with the
// core, and ride along with the next look for events: one call takes both.
//
//   attach, arm  → change vector ─┐
//                                 ├─ kevent(changes, events) → event vector      look()
//                                 └─ kevent(changes, receipts in their places)   flush()
//
// A change that fails takes a place among the events. Without room for it the call would end there,
// and the changes behind it would be lost; so look() is never short of room, and flush() asks for a
// receipt of each (EV_RECEIPT). What comes back as an error goes to the core as the kernel wrote
// it.
//
// Filters go before their descriptor is closed. The kernel would see to it by itself, but what
// waits in the change vector must not meet the number's next owner.
#include <cstddef>
#include <cstdlib>

#include "interfaces.h"
#include "kqueue_library.h"
#include "source.h"
#include "system_kqueue.h"

namespace calandria {

struct Kqueue {
  int fd;
  /** Receipts of changes that failed, in front of the change vector; the core is told of them. */
  uint32_t refused;
  /** Those, and the changes that wait behind them. */
  uint32_t total;
  /** Brought before the loop slept: the next poll answers it. */
  bool early;
  int brought;
};

namespace {

/** What the timer's events carry: the core passes over them in silence. */
constexpr uint64_t WAKE_DATA = static_cast<uint32_t>(layout::RECORD_WAKE);
constexpr uintptr_t DEADLINE = 1;

#if defined(__NetBSD__)
constexpr int FORMAT = layout::FORMAT_KQUEUE_WIDE;
static_assert(offsetof(struct kevent, filter) == 8 && offsetof(struct kevent, flags) == 12 &&
                  offsetof(struct kevent, fflags) == 16 && offsetof(struct kevent, data) == 24 &&
                  offsetof(struct kevent, udata) == 32 && sizeof(struct kevent) == 40,
              "assembly/kqueue.ts reads it so");
#else
#ifdef CALANDRIA_KQUEUE
constexpr int FORMAT = layout::FORMAT_KQUEUE_LIBRARY;
#else
constexpr int FORMAT = layout::FORMAT_KQUEUE;
#endif
static_assert(offsetof(struct kevent, filter) == 8 && offsetof(struct kevent, flags) == 10 &&
                  offsetof(struct kevent, fflags) == 12 && offsetof(struct kevent, data) == 16 &&
                  offsetof(struct kevent, udata) == 24 &&
                  (sizeof(struct kevent) == 32 || sizeof(struct kevent) == 64),
              "assembly/kqueue.ts reads it so");
#endif
static_assert(sizeof(struct kevent) <= layout::EVENT_SIZE_MAX, "the vectors have room for less");

struct kevent* change_vector(const Shim* shim) {
  return reinterpret_cast<struct kevent*>(shim->memory.base + shim->memory.changes);
}

struct kevent* event_vector(const Shim* shim) {
  return reinterpret_cast<struct kevent*>(shim->memory.base + shim->memory.events);
}

uint32_t pending(const Kqueue* queue) { return queue->total - queue->refused; }

/** A receipt that is no news: it worked, or what was to be deleted was not there. */
bool content(const struct kevent* receipt) {
  return (receipt->flags & EV_ERROR) == 0 || receipt->data == 0 || receipt->data == ENOENT;
}

/** Makes the changes that wait, at once, and keeps what failed for the core. */
void flush(Shim* shim) {
  Kqueue* queue = shim->kqueue;
  const uint32_t total = pending(queue);
  if (total == 0) return;
  struct kevent* changes = change_vector(shim) + queue->refused;
  for (uint32_t place = 0; place < total; place++) changes[place].flags |= EV_RECEIPT;
  count(&shim->memory, layout::COUNTER_HOST_CONTROLS);
  // The receipts take the changes' places: as many, in their order.
  const long receipts = system_kevent(queue->fd, changes, static_cast<int>(total), changes,
                                      static_cast<int>(total));
  for (long place = 0; place < receipts; place++) {
    if (content(&changes[place])) continue;
    change_vector(shim)[queue->refused++] = changes[place];
  }
  queue->total = queue->refused;
}

void put(Shim* shim, uintptr_t ident, int filter, unsigned flags, unsigned notes, int64_t data,
         uint64_t owner) {
  Kqueue* queue = shim->kqueue;
  if (queue->total == shim->memory.changes_max) flush(shim);
  // Full of failures that nobody has looked at yet: one more is one too many to tell of.
  if (queue->total == shim->memory.changes_max) queue->total = --queue->refused;
  change_vector(shim)[queue->total++] = kevent_of(ident, filter, flags, notes, data, owner);
  count(&shim->memory, layout::COUNTER_HOST_CHANGES);
}

void put_delete(Shim* shim, int fd) {
  const auto ident = static_cast<uintptr_t>(fd);
  put(shim, ident, EVFILT_READ, EV_DELETE, 0, 0, WAKE_DATA);
  put(shim, ident, EVFILT_WRITE, EV_DELETE, 0, 0, WAKE_DATA);
}

/** As events: the core knows an error when it sees one. */
int take_refused(Shim* shim) {
  Kqueue* queue = shim->kqueue;
  struct kevent* changes = change_vector(shim);
  const uint32_t taken = queue->refused < shim->vector.most ? queue->refused : shim->vector.most;
  memcpy(event_vector(shim), changes, taken * sizeof *changes);
  memmove(changes, changes + taken, (queue->total - taken) * sizeof *changes);
  queue->refused -= taken;
  queue->total -= taken;
  return static_cast<int>(taken);
}

/** One call for changes and events. */
int look(Shim* shim) {
  Kqueue* queue = shim->kqueue;
  const Memory* memory = &shim->memory;
  if (pending(queue) > shim->vector.most) flush(shim);
  const uint32_t changes = pending(queue);
  const uint32_t room = changes > shim->vector.now ? changes : shim->vector.now;
  struct kevent* events = event_vector(shim);
  count(memory, layout::COUNTER_HOST_WAITS);
  const long result = system_kevent(queue->fd, change_vector(shim) + queue->refused,
                                    static_cast<int>(changes), events, static_cast<int>(room));
  // Also when it was interrupted: the changes come first.
  queue->total = queue->refused;
  if (result >= 0) vector_adapt(&shim->vector, static_cast<uint32_t>(result));
  for (long place = 0; place < result; place++) {
    if (kevent_owner(&events[place]) == WAKE_DATA) shim->armed = 0;
  }
  return result == -EINTR ? 0 : static_cast<int>(result);
}

int kqueue_open(Shim* shim) {
  shim->kqueue = static_cast<Kqueue*>(calloc(1, sizeof(Kqueue)));
  if (shim->kqueue == nullptr) return -ENOMEM;
  shim->kqueue->fd = system_kqueue();
  if (shim->kqueue->fd < 0) return shim->kqueue->fd;
  shim->notifier = kqueue_watched(shim->kqueue->fd);
  if (shim->notifier < 0) return shim->notifier;
  store_word(&shim->memory, layout::EVENT_FORMAT, FORMAT);
  store_word(&shim->memory, layout::EVENT_RECORD_SIZE, sizeof(struct kevent));
  return 0;
}

/** As open(2) says it: a filter for a side that the descriptor has not would fail. */
int access_of(const Shim* shim, int fd, uint32_t record) {
  const bool kept = record < shim->memory.records_max && shim->descriptors[record].fd == fd;
  const Source* source = kept ? shim->descriptors[record].source : nullptr;
  if (source == &stream_source) return O_RDWR;
  // Brings records, and takes none.
  if (source != nullptr && source->send == nullptr) return O_RDONLY;
  return system_flags(fd) & O_ACCMODE;
}

int kqueue_attach(Shim* shim, int fd, uint32_t record, uint32_t generation, bool listener) {
  const uint64_t owner = static_cast<uint64_t>(generation) << 32 | record;
  const auto ident = static_cast<uintptr_t>(fd);
  const int access = listener ? O_RDONLY : access_of(shim, fd, record);
  if (access != O_WRONLY) put(shim, ident, EVFILT_READ, EV_ADD | EV_CLEAR, 0, 0, owner);
  if (access != O_RDONLY) put(shim, ident, EVFILT_WRITE, EV_ADD | EV_CLEAR, 0, 0, owner);
  return 0;
}

int kqueue_watch_room(Shim* shim, int fd, uint32_t record, uint32_t generation, bool on) {
  const uint64_t owner = static_cast<uint64_t>(generation) << 32 | record;
  const unsigned flags = on ? EV_ADD | EV_CLEAR : EV_DELETE;
  put(shim, static_cast<uintptr_t>(fd), EVFILT_WRITE, flags, 0, 0, owner);
  return 0;
}

int kqueue_poll(Shim* shim) {
  Kqueue* queue = shim->kqueue;
  if (queue->early) {
    queue->early = false;
    return queue->brought;
  }
  return queue->refused > 0 ? take_refused(shim) : look(shim);
}

/** How the timer counts: in the smallest step there is, rounded up. */
void put_timer(Shim* shim, uint64_t nanoseconds) {
#ifdef NOTE_NSECONDS
  constexpr unsigned unit = NOTE_NSECONDS;
  constexpr uint64_t step = 1;
#else
  constexpr unsigned unit = 0;
  constexpr uint64_t step = 1000000;
#endif
  const auto data = static_cast<int64_t>((nanoseconds + step - 1) / step);
  put(shim, DEADLINE, EVFILT_TIMER, EV_ADD | EV_ONESHOT, unit, data > 0 ? data : 1, WAKE_DATA);
}

/** Nobody sleeps on changes that the kernel has not heard of. */
int kqueue_arm(Shim* shim, uint64_t deadline) {
  Kqueue* queue = shim->kqueue;
  if (deadline != shim->armed) {
    const uint64_t now = shim_now();
    if (deadline != 0) put_timer(shim, deadline > now ? deadline - now : 0);
    else put(shim, DEADLINE, EVFILT_TIMER, EV_DELETE, 0, 0, WAKE_DATA);
    shim->armed = deadline;
  }
  if (queue->refused > 0) return 1;
  if (pending(queue) == 0) return 0;
  const int brought = look(shim);
  if (brought == 0) return 0;
  queue->early = true;
  queue->brought = brought;
  return 1;
}

int kqueue_detach(Shim* shim, int fd) {
  put_delete(shim, fd);
  flush(shim);
  return 0;
}

void kqueue_forget(Shim* shim, uint32_t record) {
  const int fd = shim->descriptors[record].fd;
  if (fd >= 0 && fd != FD_OPENING) kqueue_detach(shim, fd);
}

int kqueue_settle(Shim* shim, uint32_t record, uint32_t generation) {
  flush(shim);
  Kqueue* queue = shim->kqueue;
  const uint64_t owner = static_cast<uint64_t>(generation) << 32 | record;
  struct kevent* changes = change_vector(shim);
  int result = 0;
  uint32_t kept = 0;
  for (uint32_t place = 0; place < queue->refused; place++) {
    if (kevent_owner(&changes[place]) == owner) result = -static_cast<int>(changes[place].data);
    else changes[kept++] = changes[place];
  }
  queue->refused = kept;
  queue->total = kept;
  return result;
}

void kqueue_close(Shim* shim) {
  if (shim->kqueue != nullptr && shim->kqueue->fd >= 0) system_close(shim->kqueue->fd);
  free(shim->kqueue);
  shim->kqueue = nullptr;
  shim->notifier = -1;
}

}  // namespace

const Interface kqueue_interface = {
    "kqueue",      kqueue_open,       kqueue_attach, kqueue_poll,    kqueue_arm,       kqueue_close,
    kqueue_detach, kqueue_watch_room, false,         nullptr,        kqueue_forget,    nullptr,
    nullptr,       nullptr,           &stream_source, &listener_source, kqueue_settle};

}  // namespace calandria
