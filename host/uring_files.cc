// Files: transfers and syncs go to the ring. What the page cache can serve without waiting is done
// as it is handed over; for the rest the kernel has threads of its own. One of those fetches what
// of a file that is being sent is not in the page cache: it goes into a pipe, which holds the pages
// themselves, and the pipe is closed. So nothing is copied.
#include <cerrno>

#include "slots.h"
#include "system.h"
#include "uring.h"
#include "uring_calls.h"
#include "warmth.h"

namespace calandria {

namespace {

void close_pipe(Fetch* fetch) {
  for (int& end : fetch->pipe) {
    if (end >= 0) system_close(end);
    end = -1;
  }
}

/** Asks for what is left, or as much of it as the pipe can hold. */
bool fetch_more(Shim* shim, Fetch* fetch) {
  const WarmJob* job = fetch->job;
  const uint64_t left = job->length - fetch->done;
  if (system_pipe(fetch->pipe) < 0) {
    fetch->pipe[0] = -1;
    fetch->pipe[1] = -1;
    return false;
  }
  system_widen_pipe(fetch->pipe[1], left);
  struct io_uring_sqe* entry = uring_entry(shim);
  if (entry == nullptr) {
    close_pipe(fetch);
    return false;
  }
  const auto place = static_cast<uint32_t>(fetch - shim->uring->fetches);
  entry->opcode = IORING_OP_SPLICE;
  entry->fd = fetch->pipe[1];
  entry->off = UINT64_MAX;
  entry->splice_fd_in = job->fd;
  entry->splice_off_in = job->offset + fetch->done;
  entry->len = static_cast<uint32_t>(left);
  entry->user_data = uring_data(layout::RING_WAKE, place, FETCH);
  shim->uring->outstanding++;
  return true;
}

/** The core hears of it as of every operation: by a completion, of a request that does nothing. */
bool announce(Shim* shim, const Fetch* fetch) {
  struct io_uring_sqe* entry = uring_entry(shim);
  if (entry == nullptr) return false;
  const auto place = static_cast<uint32_t>(fetch - shim->uring->fetches);
  entry->opcode = IORING_OP_NOP;
  entry->user_data = uring_data(layout::RING_OPERATION, place, FETCH);
  shim->uring->outstanding++;
  return true;
}

/** What an entry of uring_data() names beside its kind. */
uint32_t place_of(const struct io_uring_cqe* completion) {
  return static_cast<uint32_t>(completion->user_data) & ((1u << layout::RING_RECORD_BITS) - 1);
}

void tell(Shim* shim, Fetch* fetch) {
  WarmJob* job = fetch->job;
  fetch->job = nullptr;
  completions_ready(shim->completions, &job->request);
}

}  // namespace

bool uring_operate(Shim* shim, Slot* slot) {
  if (completions_ensure(shim) < 0) return false;
  struct io_uring_sqe* entry = uring_entry(shim);
  if (entry == nullptr) return false;
  const auto place = static_cast<uint32_t>(slot - shim->slots->all);
  entry->fd = slot->fd;
  entry->user_data = uring_data(layout::RING_OPERATION, place, 0);
  if (slot->task == layout::TASK_READ || slot->task == layout::TASK_WRITE) {
    const bool writes = slot->task == layout::TASK_WRITE;
    entry->opcode = writes ? IORING_OP_WRITE : IORING_OP_READ;
    entry->addr = reinterpret_cast<uintptr_t>(writes ? slot->from : slot->bytes);
    entry->len = slot->length;
    entry->off = slot->offset;
  } else {
    entry->opcode = IORING_OP_FSYNC;
    if (slot->task == layout::TASK_SYNC_DATA) entry->fsync_flags = IORING_FSYNC_DATASYNC;
  }
  slot->request.via = layout::VIA_KERNEL;
  shim->uring->outstanding++;
  return true;
}

void operation_completed(Shim* shim, const struct io_uring_cqe* completion) {
  const uint32_t place = place_of(completion);
  if (uring_generation(completion->user_data) == FETCH) {
    return tell(shim, &shim->uring->fetches[place]);
  }
  Slot* slot = &shim->slots->all[place];
  slot->request.result = completion->res;
  completions_ready(shim->completions, &slot->request);
}

bool uring_fetch(Shim* shim, WarmJob* job) {
  if (completions_ensure(shim) < 0) return false;
  for (Fetch& fetch : shim->uring->fetches) {
    if (fetch.job != nullptr) continue;
    fetch.job = job;
    fetch.done = 0;
    job->request.via = layout::VIA_SEND_FILE;
    if (fetch_more(shim, &fetch)) return true;
    fetch.job = nullptr;
    return false;
  }
  return false;
}

void fetch_went_on(Shim* shim, const struct io_uring_cqe* completion) {
  Fetch* fetch = &shim->uring->fetches[place_of(completion)];
  WarmJob* job = fetch->job;
  close_pipe(fetch);
  if (completion->res > 0) fetch->done += static_cast<uint32_t>(completion->res);
  job->request.result = static_cast<int64_t>(fetch->done);
  if (shim->uring->finishing) return;
  const bool more = completion->res > 0 && fetch->done < job->length;
  if (more && fetch_more(shim, fetch)) return;
  // A file that cannot be spliced, say, is read by a thread.
  const bool all = !more && completion->res >= 0;
  if (all && announce(shim, fetch)) return;
  if (warm_by_thread(shim, job) == 0) fetch->job = nullptr;
  else if (!announce(shim, fetch)) tell(shim, fetch);
}

void fetches_end(Shim* shim) {
  for (Fetch& fetch : shim->uring->fetches) {
    if (fetch.job == nullptr) continue;
    close_pipe(&fetch);
    tell(shim, &fetch);
  }
}

}  // namespace calandria
