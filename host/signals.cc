// Signals: one uv_signal_t a record, counted here, announced through an eventfd.
//
// Not signalfd(2): it only brings signals that every thread of the process blocks, and V8's threads
// block none, so the kernel would give a signal to one of those and end the process. libuv's
// handler runs in whichever thread is interrupted and writes to the loop's own pipe; all watchers
// of a signal hear of it, the program's process.on() among them. It installs the handler, for as
// long as anybody watches; there is none of ours.
#include "signals.h"

#include <cstdlib>
#include <uv.h>

#include "doorbell.h"
#include "system.h"

namespace calandria {

namespace {

struct Signal {
  uv_signal_t handle;
  Shim* shim;
  int announcer;
  uint32_t number;
  /** Arrived since the last RECEIVE. */
  uint32_t waiting;
};

void on_signal(uv_signal_t* handle, int) {
  auto* signal = static_cast<Signal*>(handle->data);
  // One announcement is enough until somebody has looked: a storm costs an addition a signal.
  if (signal->waiting++ > 0) return;
  const uint64_t one = 1;
  system_write(&signal->shim->interrupted, signal->announcer, &one, sizeof one);
}

void on_closed(uv_handle_t* handle) {
  auto* signal = static_cast<Signal*>(handle->data);
  Shim* shim = signal->shim;
  free(signal);
  shim->released(shim);
}

/** Where edges are reported nothing is read: every write to an eventfd is one. */
int32_t receive(Shim* shim, Descriptor* descriptor, uint32_t entry, ReadRoom* room) {
  auto* signal = static_cast<Signal*>(descriptor->state);
  if (!ensure_batch(shim, entry, room, layout::SIGNAL_RECORD)) return -ENOBUFS;
  count(&shim->memory, layout::COUNTER_HOST_RECEIVES);
  if (shim->interface->levels) eventfd_empty(descriptor->fd);
  if (signal->waiting == 0) return -EAGAIN;
  const uint32_t record[layout::SIGNAL_RECORD / 4] = {signal->number, signal->waiting, 0, 0};
  signal->waiting = 0;
  memcpy(shim->memory.base + room->cursor, record, sizeof record);
  return answer_bytes(shim, entry, room, sizeof record);
}

int32_t sample(Shim* shim, Descriptor* descriptor, uint32_t entry) {
  store_word(&shim->memory, entry + layout::SUBMISSION_EXTRA, layout::UNKNOWN);
  return static_cast<int32_t>(static_cast<Signal*>(descriptor->state)->waiting);
}

int32_t close_signal(Shim*, const Descriptor* descriptor) {
  auto* signal = static_cast<Signal*>(descriptor->state);
  uv_close(reinterpret_cast<uv_handle_t*>(&signal->handle), on_closed);
  return static_cast<int32_t>(system_close(descriptor->fd));
}

const Source signal_source = {"signal", nullptr, receive, nullptr,
                              sample,   nullptr, nullptr, close_signal};

}  // namespace

int32_t signal_open(Shim* shim, const OpenRequest* request, ReadRoom* room) {
  if (shim->loop == nullptr) return -EOPNOTSUPP;
  auto* signal = static_cast<Signal*>(calloc(1, sizeof(Signal)));
  if (signal == nullptr) return -ENOMEM;
  signal->announcer = system_event_counter(0);
  if (signal->announcer < 0) {
    const int error = signal->announcer;
    free(signal);
    return error;
  }
  signal->shim = shim;
  signal->number = static_cast<uint32_t>(request->argument);
  uv_signal_init(shim->loop, &signal->handle);
  signal->handle.data = signal;
  shim->handles++;
  // Whether the process goes on is the reactor's decision, not this handle's.
  uv_unref(reinterpret_cast<uv_handle_t*>(&signal->handle));
  const int started = uv_signal_start(&signal->handle, on_signal, request->argument);
  if (started < 0) {
    const Descriptor unkept = {signal->announcer, request->generation, &signal_source, signal};
    close_signal(shim, &unkept);
    return started;
  }
  uint8_t name[layout::PEER_SIZE] = {layout::FAMILY_NONE};
  return answer_opened(shim, request, room, signal->announcer, &signal_source, signal, name, 0);
}

}  // namespace calandria
