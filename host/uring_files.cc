// Files: transfers and syncs go to the ring. What the page cache can serve without waiting is done
// as it is handed over; for the rest the kernel has threads of its own.
#include <cerrno>

#include "slots.h"
#include "uring.h"
#include "uring_calls.h"

namespace calandria {

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
  const uint64_t mask = (1u << layout::RING_RECORD_BITS) - 1;
  Slot* slot = &shim->slots->all[completion->user_data & mask];
  slot->request.result = completion->res;
  completions_ready(shim->completions, &slot->request);
}

}  // namespace calandria
