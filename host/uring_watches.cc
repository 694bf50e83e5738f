#include <cerrno>
#include <poll.h>
#include <sys/stat.h>

#include "system.h"
#include "uring.h"
#include "uring_calls.h"

namespace calandria {

namespace {

constexpr uint32_t INPUT = POLLIN;
/**
 * Without POLLPRI: what a ring reports is what the wake-up said, and that names POLLPRI whenever
 * there is input (sock_def_readable()).
 */
constexpr uint32_t EVERYTHING = POLLIN | POLLOUT | POLLRDHUP;

/** As large as memory_open() lets the records become. */
constexpr uint32_t RECORD_MASK = (1u << layout::RING_RECORD_BITS) - 1;

/** The record in the data of an entry, RECORD_COMPLETIONS with its sign. */
uint32_t record_of(uint64_t data) {
  const auto record = static_cast<uint32_t>(data) & RECORD_MASK;
  const bool special = record == (static_cast<uint32_t>(layout::RECORD_COMPLETIONS) & RECORD_MASK);
  return special ? static_cast<uint32_t>(layout::RECORD_COMPLETIONS) : record;
}

/** Makes the entry this owner's; its last completion will be awaited. */
void own(Shim* shim, uint32_t record, const Watch* watch, int32_t kind,
         struct io_uring_sqe* entry) {
  entry->fd = watch->fd;
  entry->user_data = uring_data(kind, record, watch->generation);
  shim->uring->outstanding++;
}

struct io_uring_sqe* ask(Shim* shim, uint32_t record, const Watch* watch, int32_t kind,
                         uint32_t due = DUE_USUALLY) {
  struct io_uring_sqe* entry = uring_entry(shim, due);
  if (entry != nullptr) own(shim, record, watch, kind, entry);
  return entry;
}

void ask_for_room(Shim* shim, uint32_t record, Watch* watch, struct io_uring_sqe* entry) {
  own(shim, record, watch, layout::RING_ROOM, entry);
  entry->opcode = IORING_OP_POLL_ADD;
  entry->poll32_events = POLLOUT;
  watch->room = Asked::armed;
}

void take_back(Shim* shim, uint32_t record, const Watch* watch, int32_t kind, Asked* asked) {
  if (*asked != Asked::armed) return;
  struct io_uring_sqe* entry = uring_entry(shim);
  if (entry == nullptr) return;
  entry->opcode = IORING_OP_ASYNC_CANCEL;
  entry->fd = -1;
  entry->addr = uring_data(kind, record, watch->generation);
  // Only that it was too late is told, and then the last completion is on its way.
  entry->flags = IOSQE_CQE_SKIP_SUCCESS;
  entry->user_data = uring_data(layout::RING_WAKE, static_cast<uint32_t>(layout::RECORD_WAKE), 0);
  *asked = Asked::ending;
}

/**
 * While completions overflow, a multishot request that is asked for anew may end at once with 0 and
 * no flag (seen in Linux 6.18): no descriptor, and not the end of a stream. TCP's end has a flag.
 */
bool ends_for_no_reason(const struct io_uring_cqe* completion) {
  return completion->res == 0 && completion->flags == 0;
}

void received(Shim* shim, uint32_t record, Watch* watch, const struct io_uring_cqe* completion) {
  Uring* uring = shim->uring;
  if ((completion->flags & IORING_CQE_F_BUFFER) != 0) {
    const uint32_t length = completion->res > 0 ? static_cast<uint32_t>(completion->res) : 0;
    const uint32_t address =
        buffers_arrived(&uring->buffers, &shim->memory, completion->flags, length);
    if (address == 0 || length == 0) return;
    if (watch != nullptr) run_append(shim, record, watch, address, length);
    // For an owner that is gone: the bytes are dropped.
    else buffers_segment(&uring->buffers, &shim->memory, address)->runs--;
    return;
  }
  const int32_t result = completion->res;
  const bool goes_on = result == -ECANCELED || result == -ENOBUFS;
  if (watch == nullptr || goes_on || ends_for_no_reason(completion)) return;
  watch->ended = true;
  watch->ending = result;
}

bool accepted(Shim* shim, uint32_t record, Watch* watch, const struct io_uring_cqe* completion) {
  if (completion->res < 0 || ends_for_no_reason(completion)) return true;
  if (watch != nullptr && !shim->uring->finishing) {
    return run_append(shim, record, watch, static_cast<uint32_t>(completion->res), 0);
  }
  system_close(completion->res);
  return true;
}

/**
 * Completions that a write to an eventfd brings about do not ring the doorbell, but for the first
 * time: the kernel does not let one eventfd wake another at once (eventfd_signal_allowed()), puts
 * it off, and does that only once (io_uring/eventfd.c, seen in Linux 6.18). So such a descriptor,
 * which has no file type, wakes the loop by itself.
 */
int rouse_by_itself(const Shim* shim, int fd) {
  struct stat status;
  const int known = system_status(fd, &status);
  if (known < 0) return known;
  if ((status.st_mode & S_IFMT) != 0) return 0;
  const int result = uring_rouse_by(shim, fd);
  // It was left behind by an owner that did not close it.
  return result == -EEXIST ? 0 : result;
}

}  // namespace

Watch* watch_at(const Shim* shim, uint32_t record) {
  if (record < shim->memory.records_max) return &shim->uring->watches[record];
  if (record != static_cast<uint32_t>(layout::RECORD_COMPLETIONS)) return nullptr;
  return &shim->uring->watches[shim->memory.records_max];
}

Watch* watch_of(const Shim* shim, uint32_t record, uint32_t generation) {
  Watch* watch = watch_at(shim, record);
  return watch != nullptr && watch->fd >= 0 && watch->generation == generation ? watch : nullptr;
}

Watch* watch_begin(Shim* shim, int fd, uint32_t record, uint32_t generation) {
  Watch* watch = watch_at(shim, record);
  if (watch == nullptr || watch->fd >= 0) return nullptr;
  const bool listed = watch->listed;
  const uint32_t next = watch->next_listed;
  *watch = {};
  watch->generation = generation;
  watch->fd = fd;
  watch->first = NOBODY;
  watch->last = NOBODY;
  watch->listed = listed;
  watch->next_listed = next;
  return watch;
}

void watch_rest(Shim* shim, uint32_t record, Watch* watch) {
  const bool busy = watch->readiness != Asked::no || watch->ahead != Asked::no;
  if (busy || watch->ended || shim->uring->finishing) return;
  struct io_uring_sqe* entry = ask(shim, record, watch, layout::RING_READINESS);
  if (entry == nullptr) return;
  entry->opcode = IORING_OP_POLL_ADD;
  entry->len = IORING_POLL_ADD_MULTI;
  entry->poll32_events = watch->input_only ? INPUT : EVERYTHING;
  if (watch->watches_room) entry->poll32_events |= POLLOUT;
  watch->readiness = Asked::armed;
}

void watch_for_room(Shim* shim, uint32_t record, Watch* watch) {
  if (watch->room != Asked::no || watch->readiness == Asked::armed) return;
  struct io_uring_sqe* entry = uring_entry(shim);
  if (entry != nullptr) ask_for_room(shim, record, watch, entry);
}

void watch_instead_of_send(Shim* shim, uint32_t submission, struct io_uring_sqe* entry) {
  const uint32_t record = field(shim, submission, layout::SUBMISSION_RECORD);
  const uint32_t generation = field(shim, submission, layout::SUBMISSION_GENERATION);
  Watch* watch = watch_of(shim, record, generation);
  const bool waits =
      watch == nullptr || watch->room != Asked::no || watch->readiness == Asked::armed;
  if (!waits) ask_for_room(shim, record, watch, entry);
}

struct io_uring_sqe* watch_ahead(Shim* shim, uint32_t record, Watch* watch, int32_t kind) {
  if (watch->ahead != Asked::no || watch->ended) return nullptr;
  struct io_uring_sqe* entry = ask(shim, record, watch, kind, DUE_OF_MULTISHOT);
  if (entry == nullptr) return nullptr;
  watch->ahead = Asked::armed;
  take_back(shim, record, watch, layout::RING_READINESS, &watch->readiness);
  return entry;
}

void watch_hold_back(Shim* shim, uint32_t record, Watch* watch, int32_t kind) {
  take_back(shim, record, watch, kind, &watch->ahead);
}

bool watch_completed(Shim* shim, const struct io_uring_cqe* completion) {
  const uint32_t record = record_of(completion->user_data);
  const int32_t kind = uring_kind(completion->user_data);
  Watch* watch = watch_of(shim, record, uring_generation(completion->user_data));
  if (kind == layout::RING_RECEIVE) received(shim, record, watch, completion);
  if (kind == layout::RING_ACCEPT && !accepted(shim, record, watch, completion)) return false;
  if ((completion->flags & IORING_CQE_F_MORE) != 0) return true;
  shim->uring->outstanding--;
  if (watch == nullptr) return true;
  if (kind == layout::RING_READINESS) watch->readiness = Asked::no;
  else if (kind == layout::RING_ROOM) watch->room = Asked::no;
  else watch->ahead = Asked::no;
  // What cannot be polled is not asked for again and again: the core hears of it from this one.
  const bool fails = kind == layout::RING_READINESS && completion->res < 0;
  if (!fails || completion->res == -ECANCELED) watch_rest(shim, record, watch);
  // No record is told of these, and operations that nobody announces would never end.
  else if (record >= shim->memory.records_max) shim->uring->lost = completion->res;
  return true;
}

int uring_attach(Shim* shim, int fd, uint32_t record, uint32_t generation, bool input_only) {
  Watch* watch = watch_begin(shim, fd, record, generation);
  if (watch == nullptr) return -EEXIST;
  watch->input_only = input_only;
  const int result = rouse_by_itself(shim, fd);
  if (result == 0) watch_rest(shim, record, watch);
  if (watch->readiness == Asked::armed) return 0;
  watch->fd = -1;
  return result < 0 ? result : -ENOMEM;
}

int uring_watch_room(Shim* shim, int, uint32_t record, uint32_t generation, bool on) {
  Watch* watch = watch_of(shim, record, generation);
  if (watch == nullptr) return -ENOENT;
  watch->watches_room = on;
  // With its last completion it is asked for anew.
  take_back(shim, record, watch, layout::RING_READINESS, &watch->readiness);
  return 0;
}

void uring_forget(Shim* shim, uint32_t record) {
  if (shim->uring == nullptr) return;
  Watch* watch = watch_at(shim, record);
  if (watch == nullptr || watch->fd < 0) return;
  const bool listens = shim->descriptors[record].source == &uring_listener;
  take_back(shim, record, watch, layout::RING_READINESS, &watch->readiness);
  take_back(shim, record, watch, layout::RING_ROOM, &watch->room);
  take_back(shim, record, watch, listens ? layout::RING_ACCEPT : layout::RING_RECEIVE,
            &watch->ahead);
  runs_drop(shim, watch, listens);
  watch->fd = -1;
}

/** What was forgotten is let go of now: others may have the same open file. */
int uring_detach(Shim* shim, int) {
  return shim->uring == nullptr ? 0 : uring_hand_over(shim, true);
}

}  // namespace calandria
