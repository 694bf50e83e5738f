#include "completions.h"

#include <cstdlib>

#include "aio.h"
#include "errors.h"
#include "source.h"
#include "system.h"

namespace calandria {

namespace {

void append(Request** first, Request** last, Request* request) {
  request->next = nullptr;
  if (*last == nullptr) *first = request;
  else (*last)->next = request;
  *last = request;
}

/** Takes over what threads have finished. */
void gather(Completions* completions) {
  pthread_mutex_lock(&completions->lock);
  if (completions->finished != nullptr) {
    if (completions->ready_last == nullptr) completions->ready = completions->finished;
    else completions->ready_last->next = completions->finished;
    completions->ready_last = completions->finished_last;
    completions->finished = nullptr;
    completions->finished_last = nullptr;
  }
  pthread_mutex_unlock(&completions->lock);
}

uint32_t padded(uint32_t length) { return (length + 7) & ~7u; }

/** Bytes that it brings. */
uint32_t brought(const Request* request) {
  return request->bytes != nullptr && request->result > 0
             ? static_cast<uint32_t>(request->result)
             : 0;
}

/** One record and its bytes at `at`; returns their length. */
uint32_t pack(const Memory* memory, uint32_t at, const Request* request) {
  const uint32_t length = brought(request);
  const uint32_t bytes = at + layout::COMPLETION_SIZE;
  memset(memory->base + at, 0, layout::COMPLETION_SIZE);
  store_word(memory, at + layout::COMPLETION_OPERATION, static_cast<int32_t>(request->operation));
  store_word(memory, at + layout::COMPLETION_GENERATION, static_cast<int32_t>(request->generation));
  store_word(memory, at + layout::COMPLETION_VIA, request->via);
  store_long(memory, at + layout::COMPLETION_RESULT,
             static_cast<uint64_t>(seam_result(request->result)));
  if (length == 0) return layout::COMPLETION_SIZE;
  store_word(memory, at + layout::COMPLETION_ADDRESS, static_cast<int32_t>(bytes));
  memcpy(memory->base + bytes, request->bytes, length);
  memset(memory->base + bytes + length, 0, padded(length) - length);
  return layout::COMPLETION_SIZE + padded(length);
}

void release_all(Shim* shim, Request* request) {
  while (request != nullptr) {
    Request* next = request->next;
    request->release(shim, request);
    request = next;
  }
}

}  // namespace

int completions_ensure(Shim* shim) {
  if (shim->completions != nullptr) return 0;
  auto* completions = static_cast<Completions*>(calloc(1, sizeof(Completions)));
  if (completions == nullptr) return -ENOMEM;
  const bool semaphore = shim->memory.settings & layout::SETTING_SEMAPHORE;
  int result = announcer_open(&completions->announcer, semaphore);
  if (result == 0) {
    const auto record = static_cast<uint32_t>(layout::RECORD_COMPLETIONS);
    result = shim->interface->attach(shim, completions->announcer.fd, record, 0, true);
    if (result < 0) announcer_close(&completions->announcer);
  }
  if (result < 0) {
    free(completions);
    return result;
  }
  pthread_mutex_init(&completions->lock, nullptr);
  pool_open(&completions->pool, completions);
  shim->completions = completions;
  return 0;
}

int completions_start(Shim* shim, Request* request) {
  const int result = completions_ensure(shim);
  if (result < 0) return result;
  request->via = layout::VIA_POOL;
  return pool_start(&shim->completions->pool, request);
}

void completions_finish(Completions* completions, Request* request) {
  pthread_mutex_lock(&completions->lock);
  append(&completions->finished, &completions->finished_last, request);
  pthread_mutex_unlock(&completions->lock);
  announcer_ring(&completions->announcer);
}

void completions_ready(Completions* completions, Request* request) {
  append(&completions->ready, &completions->ready_last, request);
}

int32_t completions_announced(Shim* shim) {
  Completions* completions = shim->completions;
  if (completions == nullptr) return -EAGAIN;
  aio_announce(shim);
  for (;;) {
    const long taken = announcer_take(&completions->announcer, &shim->interrupted);
    if (taken < 0 && taken != -EAGAIN) shim->restless = static_cast<int>(taken);
    if (taken < 0) return static_cast<int32_t>(taken);
    auto announced = static_cast<uint64_t>(taken);
    // What is announced lies there already; some of it may go on in a thread, to be announced anew.
    aio_reap(shim);
    const uint64_t fewer =
        announced < completions->uncounted ? announced : completions->uncounted;
    completions->uncounted -= fewer;
    announced -= fewer;
    if (announced > 0) return announced > INT32_MAX ? INT32_MAX : static_cast<int32_t>(announced);
  }
}

int completions_check(const Shim* shim) {
  if (shim->completions == nullptr) return 0;
  // Where nobody waits for one a sleep is spared the call.
  if (load_unsigned(&shim->memory, layout::OPERATIONS_FLYING) == 0) return 0;
  return announcer_check(&shim->completions->announcer);
}

int32_t completions_collect(Shim* shim, uint32_t entry, ReadRoom* room) {
  Completions* completions = shim->completions;
  if (completions == nullptr) return 0;
  const uint32_t most = field(shim, entry, layout::SUBMISSION_LENGTH);
  aio_reap(shim);
  gather(completions);
  uint32_t length = 0;
  for (uint32_t taken = 0; taken < most && completions->ready != nullptr; taken++) {
    Request* request = completions->ready;
    const uint32_t size = layout::COMPLETION_SIZE + padded(brought(request));
    const uint32_t left = room->limit - room->cursor - length;
    // A run lies in one segment: what does not fit stays for the next one.
    if (left < size && (length > 0 || !read_room_ensure(room, size))) break;
    length += pack(&shim->memory, room->cursor + length, request);
    completions->ready = request->next;
    if (completions->ready == nullptr) completions->ready_last = nullptr;
    request->release(shim, request);
  }
  return length > 0 ? answer_bytes(shim, entry, room, length) : 0;
}

void completions_close(Shim* shim) {
  Completions* completions = shim->completions;
  if (completions == nullptr) return;
  aio_close(shim);
  Request* queued = pool_close(&completions->pool);
  gather(completions);
  release_all(shim, queued);
  release_all(shim, completions->ready);
  announcer_close(&completions->announcer);
  pthread_mutex_destroy(&completions->lock);
  free(completions);
  shim->completions = nullptr;
}

}  // namespace calandria
