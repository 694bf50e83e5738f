// Signals: one uv_signal_t a record, counted and announced by signal_news.h.
//
// Not signalfd(2): it only brings signals that every thread of the process blocks, and V8's threads
// block none, so the kernel would give a signal to one of those and end the process. libuv's
// handler runs in whichever thread is interrupted and writes to the loop's own pipe; all watchers
// of a signal hear of it, the program's process.on() among them. It installs the handler, for as
// long as anybody watches; there is none of ours.
#include "signals.h"

#include <cstdlib>
#include <uv.h>

#include "signal_news.h"

namespace calandria {

namespace {

struct Signal {
  uv_signal_t handle;
  Shim* shim;
  SignalNews news;
  uint32_t number;
};

void on_signal(uv_signal_t* handle, int) {
  signal_news_heard(&static_cast<Signal*>(handle->data)->news);
}

void on_closed(uv_handle_t* handle) {
  auto* signal = static_cast<Signal*>(handle->data);
  Shim* shim = signal->shim;
  free(signal);
  shim->released(shim);
}

int32_t receive(Shim* shim, Descriptor* descriptor, uint32_t entry, ReadRoom* room) {
  auto* signal = static_cast<Signal*>(descriptor->state);
  if (!ensure_batch(shim, entry, room, layout::SIGNAL_RECORD)) return -ENOBUFS;
  count(&shim->memory, layout::COUNTER_HOST_RECEIVES);
  const uint32_t waiting = signal_news_waiting(&signal->news, bells_are_answered(shim));
  if (waiting == 0) return -EAGAIN;
  const uint32_t record[layout::SIGNAL_RECORD / 4] = {signal->number, waiting, 0, 0};
  signal->news.waiting = 0;
  memcpy(shim->memory.base + room->cursor, record, sizeof record);
  return answer_bytes(shim, entry, room, sizeof record);
}

int32_t sample(Shim* shim, Descriptor* descriptor, uint32_t entry) {
  store_word(&shim->memory, entry + layout::SUBMISSION_EXTRA, layout::UNKNOWN);
  return static_cast<int32_t>(
      signal_news_waiting(&static_cast<Signal*>(descriptor->state)->news, false));
}

int32_t close_signal(Shim*, const Descriptor* descriptor) {
  auto* signal = static_cast<Signal*>(descriptor->state);
  signal_news_close(&signal->news);
  uv_close(reinterpret_cast<uv_handle_t*>(&signal->handle), on_closed);
  return 0;
}

const Source signal_source = {"signal", nullptr, receive, nullptr,
                              sample,   nullptr, nullptr, close_signal};

}  // namespace

int32_t signal_open(Shim* shim, const OpenRequest* request, ReadRoom* room) {
  if (shim->loop == nullptr) return -EOPNOTSUPP;
  auto* signal = static_cast<Signal*>(calloc(1, sizeof(Signal)));
  if (signal == nullptr) return -ENOMEM;
  const int opened = signal_news_open(&signal->news, request->argument);
  if (opened < 0) {
    free(signal);
    return opened;
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
    const Descriptor unkept = {signal->news.fd, request->generation, &signal_source, signal};
    close_signal(shim, &unkept);
    return started;
  }
  uint8_t name[layout::PEER_SIZE] = {layout::FAMILY_NONE};
  return answer_opened(shim, request, room, signal->news.fd, &signal_source, signal, name, 0);
}

}  // namespace calandria
