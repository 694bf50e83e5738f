#include "aio.h"

#include <cstdlib>
#include <sys/uio.h>
#include <uv.h>

#include "files.h"
#include "probe.h"
#include "source.h"
#include "system.h"

namespace calandria {

/** <linux/fs/aio.c>, struct aio_ring: what a context's address points to. */
struct Ring {
  uint32_t id;
  uint32_t size;
  uint32_t head;
  uint32_t tail;
  uint32_t magic;
  uint32_t compatible;
  uint32_t incompatible;
  uint32_t header_size;
  struct io_event events[];
};

struct Aio {
  /** 0: the kernel refused; the pool does it all. */
  aio_context_t context;
  /** The same in user space, as libaio reads it; null where it looks unfamiliar. */
  Ring* ring;
  uint32_t flying;
  uint32_t queued;
  struct iocb** queue;
};

namespace {

constexpr uint32_t RING_MAGIC = 0xa10a10a1;
constexpr long EVENTS_AT_ONCE = 64;

Aio* aio_open(Shim* shim) {
  const uint32_t most = shim->memory.tasks_flying_max;
  auto* aio = static_cast<Aio*>(calloc(1, sizeof(Aio)));
  if (aio == nullptr) return nullptr;
  aio->queue = static_cast<struct iocb**>(calloc(most, sizeof(struct iocb*)));
  if (aio->queue != nullptr && !without("aio")) {
    count(&shim->memory, layout::COUNTER_HOST_OTHERS);
    unsigned long context = 0;
    if (system_aio_open(most, &context) == 0) aio->context = context;
  }
  if (aio->context != 0) {
    auto* ring = reinterpret_cast<Ring*>(aio->context);
    if (ring->magic == RING_MAGIC && ring->incompatible == 0) aio->ring = ring;
  }
  return aio;
}

void fill(const Completions* completions, Slot* slot) {
  struct iocb* control = &slot->control;
  memset(control, 0, sizeof *control);
  control->aio_data = reinterpret_cast<uintptr_t>(slot);
  control->aio_fildes = static_cast<uint32_t>(slot->fd);
  control->aio_flags = IOCB_FLAG_RESFD;
  control->aio_resfd = static_cast<uint32_t>(completions->announcer.fd);
  if (slot->task == layout::TASK_SYNC || slot->task == layout::TASK_SYNC_DATA) {
    control->aio_lio_opcode =
        slot->task == layout::TASK_SYNC ? IOCB_CMD_FSYNC : IOCB_CMD_FDSYNC;
    return;
  }
  const bool writes = slot->task == layout::TASK_WRITE;
  control->aio_lio_opcode = writes ? IOCB_CMD_PWRITE : IOCB_CMD_PREAD;
  control->aio_buf = reinterpret_cast<uintptr_t>(writes ? slot->from : slot->bytes);
  control->aio_nbytes = slot->length;
  control->aio_offset = static_cast<int64_t>(slot->offset);
  // What would make the submission wait (for metadata, a lock) comes back, and goes to a thread.
  control->aio_rw_flags = RWF_NOWAIT;
}

void done(Shim* shim, const struct io_event* event) {
  auto* slot = reinterpret_cast<Slot*>(event->data);
  Completions* completions = shim->completions;
  completions->aio->flying--;
  slot->request.result = event->res;
  // It would have waited: the announcement was no completion, the thread's will be.
  if (event->res == -EAGAIN && completions_start(shim, &slot->request) == 0) {
    completions->uncounted++;
    return;
  }
  completions_ready(completions, &slot->request);
}

/** As libaio and fio do: what the kernel put into the ring is there to be read (aio_ring). */
void reap_ring(Shim* shim, Ring* ring) {
  uint32_t head = ring->head;
  const uint32_t tail = load_acquire(&ring->tail);
  while (head != tail) {
    const struct io_event event = ring->events[head];
    head = head + 1 < ring->size ? head + 1 : 0;
    done(shim, &event);
  }
  store_release(&ring->head, head);
}

void reap_by_call(Shim* shim, const Aio* aio) {
  struct io_event events[EVENTS_AT_ONCE];
  long taken;
  do {
    taken = system_aio_events(&shim->interrupted, aio->context, EVENTS_AT_ONCE, events);
    for (long place = 0; place < taken; place++) done(shim, &events[place]);
  } while (taken == EVENTS_AT_ONCE);
}

/** A context whose end nobody has to wait for. */
struct Farewell {
  uv_work_t work;
  aio_context_t context;
  Shim* shim;
};

void destroy(uv_work_t* work) { system_aio_close(static_cast<Farewell*>(work->data)->context); }

void on_destroyed(uv_work_t* work, int) {
  auto* farewell = static_cast<Farewell*>(work->data);
  Shim* shim = farewell->shim;
  free(farewell);
  shim->released(shim);
}

/** On one of libuv's threads: io_destroy(2) waits some 40 ms for every processor. */
bool destroy_later(Shim* shim, aio_context_t context) {
  if (shim->loop == nullptr || shim->released == nullptr) return false;
  auto* farewell = static_cast<Farewell*>(calloc(1, sizeof(Farewell)));
  if (farewell == nullptr) return false;
  farewell->work.data = farewell;
  farewell->context = context;
  farewell->shim = shim;
  if (uv_queue_work(shim->loop, &farewell->work, destroy, on_destroyed) < 0) {
    free(farewell);
    return false;
  }
  shim->handles++;
  return true;
}

}  // namespace

bool aio_queue(Shim* shim, Slot* slot) {
  if (completions_ensure(shim) < 0) return false;
  Completions* completions = shim->completions;
  if (completions->aio == nullptr) completions->aio = aio_open(shim);
  Aio* aio = completions->aio;
  if (aio == nullptr || aio->context == 0) return false;
  if (aio->queued == shim->memory.tasks_flying_max) return false;
  fill(completions, slot);
  slot->request.via = layout::VIA_KERNEL;
  aio->queue[aio->queued++] = &slot->control;
  return true;
}

void aio_flush(Shim* shim) {
  if (shim->completions == nullptr) return;
  Aio* aio = shim->completions->aio;
  if (aio == nullptr || aio->queued == 0) return;
  uint32_t place = 0;
  while (place < aio->queued) {
    const long taken = system_aio_submit(&shim->interrupted, aio->context, aio->queued - place,
                                         aio->queue + place);
    if (taken > 0) {
      place += static_cast<uint32_t>(taken);
      aio->flying += static_cast<uint32_t>(taken);
      continue;
    }
    auto* slot = reinterpret_cast<Slot*>(aio->queue[place]->aio_data);
    if (taken == 0 || taken == -EAGAIN) break;
    // The first one is not to its taste (EINVAL, EOPNOTSUPP): those behind it may be.
    if (taken == -EOPNOTSUPP) slot->file->nowait = false;
    place++;
    slot_reroute(shim, slot);
  }
  // Full: the core asks again when one of those under way is done.
  for (; place < aio->queued; place++) {
    slot_answer(shim, reinterpret_cast<Slot*>(aio->queue[place]->aio_data), -EAGAIN);
  }
  aio->queued = 0;
}

/** The kernel writes to the announcer itself. */
void aio_announce(Shim*) {}

void aio_reap(Shim* shim) {
  const Aio* aio = shim->completions->aio;
  if (aio == nullptr || aio->flying == 0) return;
  if (aio->ring != nullptr) reap_ring(shim, aio->ring);
  else reap_by_call(shim, aio);
}

void aio_close(Shim* shim) {
  Aio* aio = shim->completions->aio;
  if (aio == nullptr) return;
  // What was queued was handed over, or answered, when the queue ended.
  aio_reap(shim);
  // Transfers that are under way use memory and descriptors that are about to go: they are awaited.
  const bool quiet = aio->flying == 0;
  if (aio->context != 0 && !(quiet && destroy_later(shim, aio->context))) {
    system_aio_close(aio->context);
  }
  free(aio->queue);
  free(aio);
  shim->completions->aio = nullptr;
}

}  // namespace calandria
