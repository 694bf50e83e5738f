// FreeBSD's aio(4), whose completions are events of the notifier (EVFILT_AIO, SIGEV_KEVENT): direct
// transfers, and syncs. No other system's kernel has such a queue. The event announces, as an
// eventfd does on Linux; which of those under way are done is asked of each.
#include "aio.h"

#ifdef __FreeBSD__

#include <cstdlib>

#include "files.h"
#include "probe.h"
#include "source.h"
#include "system_kqueue.h"

namespace calandria {

struct Aio {
  /** Under way, and taken but not handed over; of tasks_flying_max places each. */
  Slot** flying;
  uint32_t flying_total;
  Slot** queue;
  uint32_t queued;
};

namespace {

Aio* aio_open(const Shim* shim) {
  const uint32_t most = shim->memory.tasks_flying_max;
  auto* aio = static_cast<Aio*>(calloc(1, sizeof(Aio)));
  if (aio == nullptr) return nullptr;
  aio->flying = static_cast<Slot**>(calloc(most, sizeof(Slot*)));
  aio->queue = static_cast<Slot**>(calloc(most, sizeof(Slot*)));
  return aio;
}

int start(const Shim* shim, Slot* slot) {
  struct aiocb* control = &slot->control;
  *control = {};
  control->aio_fildes = slot->fd;
  control->aio_offset = static_cast<off_t>(slot->offset);
  control->aio_nbytes = slot->length;
  control->aio_sigevent.sigev_notify = SIGEV_KEVENT;
  control->aio_sigevent.sigev_notify_kqueue = shim->notifier;
  const auto record = static_cast<uint32_t>(layout::RECORD_COMPLETIONS);
  control->aio_sigevent.sigev_value.sival_ptr = reinterpret_cast<void*>(uintptr_t{record});
  switch (slot->task) {
    case layout::TASK_SYNC:
    case layout::TASK_SYNC_DATA:
      return static_cast<int>(system_result(aio_fsync(O_SYNC, control)));
    case layout::TASK_WRITE:
      control->aio_buf = const_cast<uint8_t*>(slot->from);
      return static_cast<int>(system_result(aio_write(control)));
    default:
      control->aio_buf = slot->bytes;
      return static_cast<int>(system_result(aio_read(control)));
  }
}

}  // namespace

bool aio_queue(Shim* shim, Slot* slot) {
  // The event goes to a kqueue; other interfaces would not hear of it.
  if (shim->kqueue == nullptr || without("aio") || completions_ensure(shim) < 0) return false;
  Completions* completions = shim->completions;
  if (completions->aio == nullptr) completions->aio = aio_open(shim);
  Aio* aio = completions->aio;
  if (aio == nullptr || aio->flying == nullptr || aio->queue == nullptr) return false;
  if (aio->queued + aio->flying_total >= shim->memory.tasks_flying_max) return false;
  slot->request.via = layout::VIA_KERNEL;
  aio->queue[aio->queued++] = slot;
  return true;
}

void aio_flush(Shim* shim) {
  if (shim->completions == nullptr || shim->completions->aio == nullptr) return;
  Aio* aio = shim->completions->aio;
  for (uint32_t place = 0; place < aio->queued; place++) {
    Slot* slot = aio->queue[place];
    if (start(shim, slot) == 0) aio->flying[aio->flying_total++] = slot;
    else slot_reroute(shim, slot);
  }
  aio->queued = 0;
}

void aio_announce(Shim* shim) { aio_reap(shim); }

void aio_reap(Shim* shim) {
  Aio* aio = shim->completions->aio;
  if (aio == nullptr) return;
  uint32_t kept = 0;
  for (uint32_t place = 0; place < aio->flying_total; place++) {
    Slot* slot = aio->flying[place];
    const int error = aio_error(&slot->control);
    if (error == EINPROGRESS) {
      aio->flying[kept++] = slot;
      continue;
    }
    const long result = aio_return(&slot->control);
    slot->request.result = error != 0 ? -error : result;
    completions_ready(shim->completions, &slot->request);
    // Told of by its event, and counted as the others are.
    announcer_ring(&shim->completions->announcer);
  }
  aio->flying_total = kept;
}

void aio_close(Shim* shim) {
  Aio* aio = shim->completions->aio;
  if (aio == nullptr) return;
  while (aio->flying_total > 0) {
    const struct aiocb* one = &aio->flying[0]->control;
    aio_suspend(&one, 1, nullptr);
    aio_reap(shim);
  }
  free(aio->flying);
  free(aio->queue);
  free(aio);
  shim->completions->aio = nullptr;
}

}  // namespace calandria

#endif
