// Listeners: what was accepted ahead waits here until the core has a record for it.
#include <cerrno>

#include "sockets.h"
#include "system.h"
#include "uring.h"
#include "uring_calls.h"

namespace calandria {

namespace {

void accept_ahead(Shim* shim, uint32_t record, Watch* watch) {
  if (shim->uring->buffers.total == 0) return;
  struct io_uring_sqe* entry = watch_ahead(shim, record, watch, layout::RING_ACCEPT);
  if (entry == nullptr) return;
  entry->opcode = IORING_OP_ACCEPT;
  entry->ioprio = IORING_ACCEPT_MULTISHOT;
  entry->accept_flags = SOCK_NONBLOCK | SOCK_CLOEXEC;
}

/** The name that accept(2) would have told; of a peer that is gone nothing but its family. */
void name_peer(int fd, struct sockaddr_storage* name) {
  if (system_peer_name(fd, name) == 0) return;
  *name = {};
  struct sockaddr_storage own = {};
  system_own_name(fd, &own);
  name->ss_family = own.ss_family;
}

/** One that waits here, or in the kernel; its descriptor, or -errno. */
int take(Shim* shim, Watch* watch, struct sockaddr_storage* name) {
  if (watch->first != NOBODY) {
    const int fd = static_cast<int>(shim->uring->runs[watch->first].address);
    run_drop(shim->uring, watch);
    count(&shim->memory, layout::COUNTER_HOST_OTHERS);
    name_peer(fd, name);
    return fd;
  }
  if (watch->ahead != Asked::no) return -EAGAIN;
  socklen_t length = sizeof *name;
  count(&shim->memory, layout::COUNTER_HOST_ACCEPTS);
  return static_cast<int>(system_accept(&shim->interrupted, watch->fd,
                                        reinterpret_cast<struct sockaddr*>(name), &length));
}

int32_t give(Shim* shim, Watch* watch, uint32_t entry, ReadRoom* room) {
  if (!read_room_ensure(room, layout::PEER_SIZE)) return -ECANCELED;
  struct sockaddr_storage name = {};
  const int fd = take(shim, watch, &name);
  if (fd < 0) return fd;
  const int32_t result = socket_accepted(shim, entry, room, fd, &name, false);
  if (result < 0) return result;
  const uint32_t child = field(shim, entry, layout::SUBMISSION_ADDRESS);
  Watch* watched = watch_begin(shim, fd, child, field(shim, entry, layout::SUBMISSION_LENGTH));
  if (watched == nullptr) return -EEXIST;
  // All that comes is wanted, to begin with.
  stream_ahead(shim, child, watched);
  watch_rest(shim, child, watched);
  return result;
}

int32_t accept(Shim* shim, Descriptor* descriptor, uint32_t entry, ReadRoom* room) {
  const uint32_t record = field(shim, entry, layout::SUBMISSION_RECORD);
  Watch* watch = watch_of(shim, record, descriptor->generation);
  if (watch == nullptr) return listener_source.accept(shim, descriptor, entry, room);
  const int32_t result = give(shim, watch, entry, room);
  const uint8_t flags = shim->memory.base[entry + layout::SUBMISSION_FLAGS];
  // Of one that others serve nothing is accepted ahead: who is busy would keep it from them.
  const bool ahead = (flags & layout::SUBMISSION_AHEAD) != 0 && !descriptor->given;
  if (ahead && (result >= 0 || result == -EAGAIN)) {
    accept_ahead(shim, record, watch);
  }
  return result;
}

int32_t sample(Shim* shim, Descriptor* descriptor, uint32_t entry) {
  const Watch* watch =
      watch_of(shim, field(shim, entry, layout::SUBMISSION_RECORD), descriptor->generation);
  if (watch == nullptr) return listener_source.sample(shim, descriptor, entry);
  const auto waiting = static_cast<int32_t>(runs_count(shim->uring, watch));
  if (watch->ahead == Asked::armed) {
    store_word(&shim->memory, entry + layout::SUBMISSION_EXTRA, layout::UNKNOWN);
    return waiting;
  }
  const int32_t behind = listener_source.sample(shim, descriptor, entry);
  return behind < 0 && waiting == 0 ? behind : (behind > 0 ? behind : 0) + waiting;
}

Source make_listener() {
  Source source = listener_source;
  source.accept = accept;
  source.sample = sample;
  return source;
}

}  // namespace

const Source uring_listener = make_listener();

}  // namespace calandria
