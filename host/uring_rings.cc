#include "uring_rings.h"

#include <cerrno>
#include <cstring>
#include <ctime>
#include <sys/eventfd.h>
#include <sys/mman.h>

#include "probe.h"
#include "uring_calls.h"

namespace calandria {

namespace {

/** What the kernel has to know; younger than each of these is IORING_SETUP_DEFER_TASKRUN. */
constexpr uint8_t OPERATIONS[] = {
    IORING_OP_POLL_ADD, IORING_OP_ASYNC_CANCEL, IORING_OP_TIMEOUT, IORING_OP_TIMEOUT_REMOVE,
    IORING_OP_SEND,     IORING_OP_SENDMSG,      IORING_OP_RECV,    IORING_OP_ACCEPT,
    IORING_OP_READ,     IORING_OP_WRITE,        IORING_OP_FSYNC,   IORING_OP_SPLICE,
    IORING_OP_NOP,
};

/** So many completions an entry, so that a burst of them finds room. */
constexpr uint32_t COMPLETIONS_AN_ENTRY = 8;

/** How often, and ns in between: a tenth of a second. */
constexpr int ATTEMPTS_MAX = 20;
constexpr long PAUSE = 5000000;

/** IORING_SETUP_NO_MMAP, Linux 6.5. */
constexpr uint32_t IN_ROOM = 1u << 14;
/** A page of WebAssembly: a multiple of the pages of every machine. */
constexpr size_t GRAIN = 65536;
/** What lies in front of the completions: heads, tails, flags, on some lines of the cache. */
constexpr size_t FRONT = 4096;

constexpr size_t grains(size_t size) { return (size + GRAIN - 1) / GRAIN * GRAIN; }

/** Completions and the order of entries; the entries themselves begin on a page behind them. */
constexpr size_t ring_size(uint32_t entries) {
  return FRONT + entries * (COMPLETIONS_AN_ENTRY * sizeof(struct io_uring_cqe) + sizeof(uint32_t));
}

bool refuse(UringRefusal* refusal, const char* step, long error) {
  *refusal = {step, static_cast<int>(error)};
  return false;
}

bool knows_operations(const Rings* rings, UringRefusal* refusal) {
  constexpr uint32_t most = 256;
  alignas(struct io_uring_probe) uint8_t
      bytes[sizeof(struct io_uring_probe) + most * sizeof(struct io_uring_probe_op)] = {};
  const auto* answer = reinterpret_cast<const struct io_uring_probe*>(bytes);
  const long result = uring_register(rings->fd, IORING_REGISTER_PROBE, bytes, most);
  if (result < 0) return refuse(refusal, "operations", result);
  for (const uint8_t operation : OPERATIONS) {
    const bool known = operation <= answer->last_op &&
                       (answer->ops[operation].flags & IO_URING_OP_SUPPORTED) != 0;
    if (!known) return refuse(refusal, "operations", -EOPNOTSUPP);
  }
  return true;
}

bool map_part(const Rings* rings, RingMap* part, size_t size, uint64_t offset) {
  void* base = system_map_shared(rings->fd, offset, size);
  if (base == nullptr) return false;
  *part = {static_cast<uint8_t*>(base), size};
  return true;
}

uint32_t* word_at(const Rings* rings, uint32_t offset) {
  return reinterpret_cast<uint32_t*>(rings->map.base + offset);
}

/** Names the parts of the rings, wherever they lie. */
void bind(Rings* rings, const struct io_uring_params* given) {
  rings->submission_head = word_at(rings, given->sq_off.head);
  rings->submission_tail = word_at(rings, given->sq_off.tail);
  rings->submission_flags = word_at(rings, given->sq_off.flags);
  rings->completion_head = word_at(rings, given->cq_off.head);
  rings->completion_tail = word_at(rings, given->cq_off.tail);
  rings->completion_flags = word_at(rings, given->cq_off.flags);
  rings->completions =
      reinterpret_cast<struct io_uring_cqe*>(rings->map.base + given->cq_off.cqes);
  rings->entries = reinterpret_cast<struct io_uring_sqe*>(rings->entries_map.base);
  rings->submission_total = given->sq_entries;
  rings->completion_total = given->cq_entries;
  // Entries are used in their order, so each place of the array always names itself.
  uint32_t* order = word_at(rings, given->sq_off.array);
  for (uint32_t place = 0; place < given->sq_entries; place++) order[place] = place;
}

/** `user_addr`, the last 8 bytes of either kind; older headers call it `resv2`. */
template <typename Offsets>
void set_address(Offsets* offsets, const uint8_t* address) {
  const uint64_t value = reinterpret_cast<uintptr_t>(address);
  memcpy(reinterpret_cast<uint8_t*>(offsets + 1) - sizeof value, &value, sizeof value);
}

/** Asks for rings in the room. */
bool place_rings(Rings* rings, uint32_t entries, const RingRoom* room,
                 struct io_uring_params* given, UringRefusal* refusal) {
  if (without("io_uring_no_mmap")) return refuse(refusal, "room", -EOPNOTSUPP);
  const size_t size = grains(ring_size(entries));
  const size_t entries_size = entries * sizeof(struct io_uring_sqe);
  if (size + entries_size > room->size) return refuse(refusal, "room", -ENOBUFS);
  memset(room->base, 0, ring_size(entries));
  rings->placed = true;
  rings->map = {room->base, size};
  rings->entries_map = {room->base + size, entries_size};
  given->flags |= IN_ROOM;
  set_address(&given->cq_off, rings->map.base);
  set_address(&given->sq_off, rings->entries_map.base);
  return true;
}

size_t ring_end(const struct io_uring_params* given) {
  const size_t submissions = given->sq_off.array + given->sq_entries * sizeof(uint32_t);
  const size_t completions = given->cq_off.cqes + given->cq_entries * sizeof(struct io_uring_cqe);
  return submissions > completions ? submissions : completions;
}

bool map_rings(Rings* rings, const struct io_uring_params* given, UringRefusal* refusal) {
  const size_t size = ring_end(given);
  if (!map_part(rings, &rings->map, size, IORING_OFF_SQ_RING)) {
    return refuse(refusal, "map", -errno);
  }
  const size_t entries = given->sq_entries * sizeof(struct io_uring_sqe);
  if (!map_part(rings, &rings->entries_map, entries, IORING_OFF_SQES)) {
    return refuse(refusal, "map", -errno);
  }
  return true;
}

/** As large as was expected, or the kernel wrote past the room. */
bool check_placed(const Rings* rings, const struct io_uring_params* given, UringRefusal* refusal) {
  const size_t entries = given->sq_entries * sizeof(struct io_uring_sqe);
  const bool fits = ring_end(given) <= rings->map.size && entries <= rings->entries_map.size;
  return fits || refuse(refusal, "room", -EOVERFLOW);
}

bool open_doorbell(Rings* rings, UringRefusal* refusal) {
  rings->doorbell = system_event_counter(0);
  if (rings->doorbell < 0) return refuse(refusal, "eventfd", rings->doorbell);
  rings_listen(rings, false);
  const long result = uring_register(rings->fd, IORING_REGISTER_EVENTFD, &rings->doorbell, 1);
  return result == 0 || refuse(refusal, "eventfd", result);
}

bool open_parts(Rings* rings, uint32_t entries, const RingRoom* room, UringRefusal* refusal) {
  if (without("io_uring")) return refuse(refusal, "setup", -ENOSYS);
  struct io_uring_params given = {};
  given.flags = IORING_SETUP_CQSIZE | IORING_SETUP_CLAMP | IORING_SETUP_SUBMIT_ALL |
                IORING_SETUP_SINGLE_ISSUER | IORING_SETUP_DEFER_TASKRUN | IORING_SETUP_TASKRUN_FLAG;
  given.cq_entries = entries * COMPLETIONS_AN_ENTRY;
  if (room != nullptr && !place_rings(rings, entries, room, &given, refusal)) return false;
  const long fd = uring_setup(entries, &given);
  if (fd < 0) return refuse(refusal, "setup", fd);
  rings->fd = static_cast<int>(fd);
  constexpr uint32_t features =
      IORING_FEAT_SINGLE_MMAP | IORING_FEAT_NODROP | IORING_FEAT_SUBMIT_STABLE |
      IORING_FEAT_FAST_POLL | IORING_FEAT_CQE_SKIP;
  if ((given.features & features) != features) return refuse(refusal, "features", 0);
  const bool there = rings->placed ? check_placed(rings, &given, refusal)
                                   : map_rings(rings, &given, refusal);
  if (!there || !knows_operations(rings, refusal)) return false;
  bind(rings, &given);
  return open_doorbell(rings, refusal);
}

}  // namespace

bool rings_open(Rings* rings, uint32_t entries, const RingRoom* room, UringRefusal* refusal) {
  for (int attempt = 0;; attempt++) {
    memset(rings, 0, sizeof *rings);
    rings->fd = -1;
    rings->doorbell = -1;
    *refusal = {nullptr, 0};
    if (open_parts(rings, entries, room, refusal)) return true;
    rings_close(rings);
    if (refusal->error != -ENOMEM || attempt == ATTEMPTS_MAX) return false;
    // What a ring that was just closed had locked is given back a little later.
    const struct timespec pause = {0, PAUSE};
    nanosleep(&pause, nullptr);
  }
}

void rings_close(Rings* rings) {
  if (!rings->placed) {
    const RingMap* entries = &rings->entries_map;
    if (entries->base != nullptr) system_unmap(entries->base, entries->size);
    if (rings->map.base != nullptr) system_unmap(rings->map.base, rings->map.size);
  }
  if (rings->fd >= 0) system_close(rings->fd);
  if (rings->doorbell >= 0) system_close(rings->doorbell);
  rings->entries_map.base = nullptr;
  rings->map.base = nullptr;
  rings->fd = -1;
  rings->doorbell = -1;
}

struct io_uring_sqe* rings_queued_entry(const Rings* rings, uint32_t place) {
  return &rings->entries[place & (rings->submission_total - 1)];
}

struct io_uring_sqe* rings_entry(Rings* rings) {
  const uint32_t head = __atomic_load_n(rings->submission_head, __ATOMIC_ACQUIRE);
  if (rings->tail - head >= rings->submission_total) return nullptr;
  struct io_uring_sqe* entry = rings_queued_entry(rings, rings->tail);
  memset(entry, 0, sizeof *entry);
  rings->tail++;
  return entry;
}

long rings_enter(Rings* rings, bool reap, uint32_t least, uint64_t* interrupted) {
  __atomic_store_n(rings->completion_head, rings->head, __ATOMIC_RELEASE);
  __atomic_store_n(rings->submission_tail, rings->tail, __ATOMIC_RELEASE);
  const uint32_t flags = reap ? IORING_ENTER_GETEVENTS : 0;
  const long result = system_retry(interrupted, [&] {
    return uring_enter(rings->fd, rings_queued(rings), least, flags);
  });
  if (result > 0) rings->handed += static_cast<uint32_t>(result);
  return result;
}

struct io_uring_cqe* rings_completion(const Rings* rings, uint32_t place) {
  return &rings->completions[place & (rings->completion_total - 1)];
}

bool rings_pending(const Rings* rings) {
  const uint32_t flags = __atomic_load_n(rings->submission_flags, __ATOMIC_RELAXED);
  return (flags & (IORING_SQ_TASKRUN | IORING_SQ_CQ_OVERFLOW)) != 0;
}

bool rings_overflown(const Rings* rings) {
  return (__atomic_load_n(rings->submission_flags, __ATOMIC_RELAXED) & IORING_SQ_CQ_OVERFLOW) != 0;
}

void rings_listen(Rings* rings, bool on) {
  __atomic_store_n(rings->completion_flags, on ? 0u : IORING_CQ_EVENTFD_DISABLED, __ATOMIC_RELEASE);
  // What was announced by a flag alone before this must be seen by whoever looks after it.
  __atomic_thread_fence(__ATOMIC_SEQ_CST);
}

}  // namespace calandria
