#include "uring.h"

#include "interfaces.h"

#include <cerrno>
#include <cstdlib>
#include <linux/time_types.h>

#include "probe.h"
#include "uring_calls.h"

namespace calandria {

namespace {

/** The kernel has no memory for a request just now: so often it is asked again. */
constexpr int ATTEMPTS_MAX = 100;

uint64_t wake_data(uint32_t what) {
  return uring_data(layout::RING_WAKE, static_cast<uint32_t>(layout::RECORD_WAKE), what);
}

/** Beside those that lie there, and those that what is queued may bring. */
bool room_for_completions(const Uring* uring, uint32_t more) {
  return rings_waiting(&uring->rings) + uring->due + more <= uring->rings.completion_total;
}

/** The answers to sends lie among the completions; they are nobody's events. */
void collect_answers(Shim* shim) {
  Uring* uring = shim->uring;
  const uint32_t end = uring->rings.head + rings_waiting(&uring->rings);
  while (uring->searched != end) {
    const uint32_t place = uring->searched++;
    const struct io_uring_cqe* completion = rings_completion(&uring->rings, place);
    if (uring_kind(completion->user_data) != layout::RING_ANSWER) continue;
    uring->answers--;
    stream_sent(shim, uring_generation(completion->user_data), completion->res);
    // Nothing stands before it: it makes room at once.
    if (place == uring->rings.head) rings_take(&uring->rings, place + 1);
  }
}

/**
 * The kernel takes no more, now (-EAGAIN) or ever. What was asked for can wait, but a send must not
 * leave after it was answered: its entry becomes one that waits for room, as if the socket were
 * full. Of a ring that is lost nothing comes any more, and the error is each connection's.
 */
void give_up(Shim* shim, int error) {
  Uring* uring = shim->uring;
  for (uint32_t place = uring->rings.handed; place != uring->rings.tail; place++) {
    struct io_uring_sqe* entry = rings_queued_entry(&uring->rings, place);
    if (uring_kind(entry->user_data) != layout::RING_ANSWER) continue;
    const uint32_t submission = uring_generation(entry->user_data);
    *entry = {};
    entry->opcode = IORING_OP_NOP;
    entry->user_data = wake_data(0);
    if (error == -EAGAIN) watch_instead_of_send(shim, submission, entry);
    store_word(&shim->memory, submission + layout::SUBMISSION_RESULT, error);
    shim->fell_short = true;
  }
  uring->answers = 0;
  if (error == -EAGAIN) return;
  uring->lost = error;
  rings_drop(&uring->rings);
}

/** Whoever wakes the loop is there still. 0, or -errno: somebody else has closed it. */
int check_notifiers(const Shim* shim) {
  const Uring* uring = shim->uring;
  const int result = identity_check(shim->notifier, &uring->watched);
  return result < 0 ? result : identity_check(uring->rings.doorbell, &uring->doorbell);
}

/** Awake: nobody has to ring. What has rung is heard; edge-triggered, it need not be read. */
void quieten(Shim* shim) {
  Uring* uring = shim->uring;
  const bool slept = uring->listening;
  if (slept) rings_listen(&uring->rings, false);
  uring->listening = false;
  if (!shim->roused) {
    // Somebody calls from outside, who may be the only one that still can.
    const int checked = slept ? check_notifiers(shim) : 0;
    if (checked < 0) uring->lost = checked;
    return;
  }
  shim->roused = false;
  struct epoll_event heard[8];
  count(&shim->memory, layout::COUNTER_HOST_OTHERS);
  while (system_epoll_poll(shim->notifier, heard, 8) == 8) continue;
}

int uring_poll(Shim* shim) {
  Uring* uring = shim->uring;
  quieten(shim);
  // Whatever it said: the reactor ends by this one.
  if (uring->lost != 0) return -EBADF;
  if (rings_waiting(&uring->rings) == 0) {
    if (!rings_pending(&uring->rings)) return 0;
    const int result = uring_hand_over(shim, true);
    if (result < 0) return uring->lost != 0 ? -EBADF : result;
  }
  if (rings_overflown(&uring->rings)) count(&shim->memory, layout::COUNTER_HOST_OVERFLOWS);
  return completions_take(shim);
}

/** One request lives on from deadline to deadline; a new one only when the last one has passed. */
void set_timer(Shim* shim, uint64_t deadline) {
  Uring* uring = shim->uring;
  if (deadline == shim->armed) return;
  // One that passes too early costs a turn.
  if (deadline == 0 && !uring->timer) return;
  struct io_uring_sqe* entry = uring_entry(shim);
  if (entry == nullptr) return;
  shim->armed = deadline;
  struct __kernel_timespec when;
  when.tv_sec = static_cast<int64_t>(deadline / 1000000000u);
  when.tv_nsec = static_cast<int64_t>(deadline % 1000000000u);
  const auto address = reinterpret_cast<uintptr_t>(&when);
  if (!uring->timer) {
    entry->opcode = IORING_OP_TIMEOUT;
    entry->addr = address;
    entry->len = 1;
    entry->timeout_flags = IORING_TIMEOUT_ABS;
    entry->user_data = wake_data(TIMER);
    uring->timer = true;
    uring->outstanding++;
  } else {
    entry->opcode = IORING_OP_TIMEOUT_REMOVE;
    entry->addr = wake_data(TIMER);
    entry->flags = IOSQE_CQE_SKIP_SUCCESS;
    entry->user_data = wake_data(0);
    if (deadline != 0) {
      entry->addr2 = address;
      entry->timeout_flags = IORING_TIMEOUT_UPDATE | IORING_TIMEOUT_ABS;
    }
  }
  // `when` is read as it is handed over.
  uring_hand_over(shim, false);
}

int uring_arm(Shim* shim, uint64_t deadline) {
  Uring* uring = shim->uring;
  // The next look says so.
  if (uring->lost != 0) return 1;
  set_timer(shim, deadline);
  if (rings_queued(&uring->rings) > 0) uring_hand_over(shim, false);
  if (uring->lost != 0) return 1;
  rings_listen(&uring->rings, true);
  uring->listening = true;
  const Rings* rings = &uring->rings;
  // What the kernel had no memory for has to be handed over again.
  const bool busy = rings_waiting(rings) > 0 || rings_pending(rings) || rings_queued(rings) > 0;
  return busy ? 1 : 0;
}

void uring_flush(Shim* shim) {
  Uring* uring = shim->uring;
  runs_age(shim);
  buffers_return(&uring->buffers, &shim->memory, uring->queues);
  if (rings_queued(&uring->rings) > 0) {
    // What is made now may have to wait in the ring; so only when nothing waits there already.
    uring_hand_over(shim, rings_waiting(&uring->rings) == 0);
  }
  uring->queues++;
}

bool reserve(Uring* uring, const Memory* memory, uint32_t entries) {
  const size_t watches = static_cast<size_t>(memory->records_max) + 1;
  // A run for each that lets one wait, and for what comes in the few looks before it is moved.
  uring->runs_total = memory->records_max + 8 * memory->events_max + 64;
  uring->watches = static_cast<Watch*>(calloc(watches, sizeof(Watch)));
  uring->runs = static_cast<Run*>(calloc(uring->runs_total, sizeof(Run)));
  uring->messages = static_cast<struct msghdr*>(calloc(entries, sizeof(struct msghdr)));
  uring->vectors = static_cast<struct iovec*>(calloc(URING_VECTORS, sizeof(struct iovec)));
  if (uring->watches == nullptr || uring->runs == nullptr || uring->messages == nullptr ||
      uring->vectors == nullptr) {
    return false;
  }
  for (size_t place = 0; place < watches; place++) {
    uring->watches[place].fd = -1;
    uring->watches[place].first = NOBODY;
    uring->watches[place].last = NOBODY;
  }
  uring->runs_free = NOBODY;
  uring->listed_first = NOBODY;
  uring->listed_last = NOBODY;
  uring->queues = 1;
  return true;
}

/** In the core's memory, if it has room for them and the kernel takes it; else in the kernel's. */
bool open_rings(const Shim* shim, Rings* rings, UringRefusal* refusal) {
  const Memory* memory = &shim->memory;
  const RingRoom room = {memory->base + memory->rings, memory->rings_size};
  store_word(memory, layout::EVENT_RING, 0);
  store_word(memory, layout::RINGS_REFUSED, 0);
  if (room.size == 0) return rings_open(rings, shim->entries, nullptr, refusal);
  if (!rings_open(rings, shim->entries, &room, refusal)) {
    store_word(memory, layout::RINGS_REFUSED, refusal->error < 0 ? refusal->error : -EOPNOTSUPP);
    return rings_open(rings, shim->entries, nullptr, refusal);
  }
  const auto* ring = reinterpret_cast<const uint8_t*>(rings->completions);
  store_word(memory, layout::EVENT_RING, static_cast<int32_t>(ring - memory->base));
  store_word(memory, layout::EVENT_RING_MASK, static_cast<int32_t>(rings->completion_total - 1));
  return true;
}

int uring_open(Shim* shim) {
  const Memory* memory = &shim->memory;
  const uint32_t entries = shim->entries;
  const bool sized = entries >= RING_ENTRIES_MIN && entries <= RING_ENTRIES_MAX;
  if (!sized || (entries & (entries - 1)) != 0) return -EINVAL;
  auto* uring = static_cast<Uring*>(calloc(1, sizeof(Uring)));
  if (uring == nullptr) return -ENOMEM;
  uring->rings.fd = -1;
  uring->rings.doorbell = -1;
  shim->uring = uring;
  if (!reserve(uring, memory, entries)) return -ENOMEM;
  UringRefusal refusal;
  if (!open_rings(shim, &uring->rings, &refusal)) {
    return refusal.error < 0 ? refusal.error : -EOPNOTSUPP;
  }
  int result = buffers_open(&uring->buffers, memory, &uring->rings);
  if (result < 0) return result;
  shim->notifier = system_epoll_create();
  if (shim->notifier < 0) return shim->notifier;
  result = uring_rouse_by(shim, uring->rings.doorbell);
  if (result == 0) result = identity_take(shim->notifier, &uring->watched);
  if (result == 0) result = identity_take(uring->rings.doorbell, &uring->doorbell);
  if (result < 0) return result;
  store_word(memory, layout::EVENT_FORMAT, layout::FORMAT_RING);
  store_word(memory, layout::EVENT_RECORD_SIZE, layout::RING_SIZE);
  return 0;
}

/** Takes everything back and waits for the last completions: the kernel writes nowhere any more. */
void take_everything_back(Shim* shim) {
  Uring* uring = shim->uring;
  struct io_uring_sqe* entry = uring_entry(shim);
  if (entry == nullptr) return;
  entry->opcode = IORING_OP_ASYNC_CANCEL;
  entry->fd = -1;
  entry->cancel_flags = IORING_ASYNC_CANCEL_ANY | IORING_ASYNC_CANCEL_ALL;
  entry->user_data = wake_data(0);
  while (uring->outstanding > 0 && uring->lost == 0) {
    const long entered = rings_enter(&uring->rings, true, 1, &shim->interrupted);
    if (entered < 0 && entered != -EAGAIN && entered != -EBUSY) return;
    const uint32_t end = uring->rings.head + rings_waiting(&uring->rings);
    for (uint32_t place = uring->rings.head; place != end; place++) {
      completion_noted(shim, rings_completion(&uring->rings, place));
    }
    rings_take(&uring->rings, end);
  }
}

void uring_finish(Shim* shim) {
  Uring* uring = shim->uring;
  if (uring == nullptr || uring->rings.fd < 0) return;
  uring->finishing = true;
  take_everything_back(shim);
  fetches_end(shim);
}

void uring_close(Shim* shim) {
  Uring* uring = shim->uring;
  if (uring == nullptr) return;
  rings_close(&uring->rings);
  buffers_close(&uring->buffers);
  free(uring->watches);
  free(uring->runs);
  free(uring->messages);
  free(uring->vectors);
  free(uring);
  shim->uring = nullptr;
  if (shim->notifier >= 0) system_close(shim->notifier);
  shim->notifier = -1;
}

}  // namespace

struct io_uring_sqe* uring_entry(Shim* shim, uint32_t due) {
  Uring* uring = shim->uring;
  if (uring->answers > 0 && !room_for_completions(uring, due)) uring_hand_over(shim, false);
  struct io_uring_sqe* entry = rings_entry(&uring->rings);
  if (entry == nullptr) {
    uring_hand_over(shim, false);
    entry = rings_entry(&uring->rings);
  }
  if (entry != nullptr) uring->due += due;
  return entry;
}

bool uring_room_for_send(Shim* shim, uint32_t pieces) {
  Uring* uring = shim->uring;
  const bool full = rings_queued(&uring->rings) == uring->rings.submission_total ||
                    uring->vectors_used + pieces > URING_VECTORS;
  if (full && uring_hand_over(shim, false) < 0) return false;
  // Behind completions that are held back a new one is held back as well, whatever room there is.
  return !rings_overflown(&uring->rings) && room_for_completions(uring, 1);
}

int uring_hand_over(Shim* shim, bool reap) {
  Uring* uring = shim->uring;
  if (uring->lost != 0) {
    give_up(shim, uring->lost);
    return uring->lost;
  }
  long result = 0;
  bool refused = false;
  for (int attempt = 0; attempt < ATTEMPTS_MAX; attempt++) {
    const uint32_t before = uring->rings.handed;
    count(&shim->memory, layout::COUNTER_HOST_WAITS);
    result = rings_enter(&uring->rings, reap, 0, &shim->interrupted);
    count_more(&shim->memory, layout::COUNTER_HOST_ENTRIES, uring->rings.handed - before);
    collect_answers(shim);
    refused = result < 0 && result != -EAGAIN && result != -EBUSY;
    if (refused || rings_queued(&uring->rings) == 0) break;
  }
  if (refused || rings_queued(&uring->rings) > 0) {
    const int error = result < 0 && result != -EBUSY ? static_cast<int>(result) : -EAGAIN;
    give_up(shim, error);
    return error;
  }
  uring->due = 0;
  uring->messages_used = 0;
  uring->vectors_used = 0;
  return 0;
}

int uring_rouse_by(const Shim* shim, int fd) {
  struct epoll_event event = {};
  event.events = EPOLLIN | EPOLLET;
  return static_cast<int>(system_epoll_add(shim->notifier, fd, &event));
}

bool uring_usable(UringRefusal* refusal, bool* receives_ahead) {
  Rings rings;
  if (!rings_open(&rings, RING_ENTRIES_USUAL, nullptr, refusal)) return false;
  *receives_ahead = !without("io_uring_multishot") && buffers_supported(&rings);
  rings_close(&rings);
  return true;
}

const Interface uring_interface = {"uring",       uring_open,    uring_attach,
                                   uring_poll,    uring_arm,     uring_close,
                                   uring_detach,  uring_watch_room, false,
                                   nullptr,       uring_forget,  uring_flush,
                                   uring_finish,  uring_operate, &uring_stream,
                                   &uring_listener, nullptr,     uring_fetch};

}  // namespace calandria
