#include "pipes.h"

#include <limits.h>
#include <cstdlib>

#include "probe.h"
#include "sigpipe.h"
#include "system.h"

namespace calandria {

namespace {

/** What a pipe that poll(2) calls writable takes for certain (pipe(7)), and a terminal nearly. */
constexpr size_t PIPE_CHUNK = PIPE_BUF;
constexpr size_t DEVICE_CHUNK = 256;

bool try_spared() {
  if (without("rwf_nosignal")) return false;
  int ends[2];
  if (system_pipe(ends) < 0) return false;
  system_close(ends[0]);
  char byte = 0;
  uint64_t interrupted = 0;
  const struct iovec vector = {&byte, 1};
  // A kernel that does not know the flag refuses before it looks at the pipe.
  const long result = system_write_flagged(&interrupted, ends[1], &vector, 1, WRITE_SPARED);
  system_close(ends[1]);
  return result == -EPIPE;
}

/** Does the kernel know RWF_NOSIGNAL (Linux 6.18)? Tried once in the process. */
bool signal_spared() {
  static const bool spared = try_spared();
  return spared;
}

/** There is no such call (an old kernel, a filter, an emulator), or not for this file. */
bool cannot(long result) { return result == -EOPNOTSUPP || result == -ENOSYS; }

/** Is it ready for this? The bits that poll(2) answers. */
short ready(int fd, short wanted) { return system_ready(fd, wanted, 0); }

long read_once(Shim* shim, const Pipe* pipe, uint8_t* bytes, size_t length) {
  if (pipe->asking == Asking::polled) {
    const short bits = ready(pipe->io, POLLIN);
    if (bits == 0) return -EAGAIN;
    if (length > PIPE_CHUNK) length = PIPE_CHUNK;
  }
  if (pipe->asking == Asking::nowait) {
    return system_read_now(&shim->interrupted, pipe->io, bytes, length);
  }
  return system_read(&shim->interrupted, pipe->io, bytes, length);
}

int32_t receive(Shim* shim, Descriptor* descriptor, uint32_t entry, ReadRoom* room) {
  auto* pipe = static_cast<Pipe*>(descriptor->state);
  const uint32_t want = field(shim, entry, layout::SUBMISSION_LENGTH);
  if (!read_room_ensure(room, field(shim, entry, layout::SUBMISSION_ARGUMENT))) return -ENOBUFS;
  count(&shim->memory, layout::COUNTER_HOST_RECEIVES);
  // Nothing can come; that the readers are gone is the end of it.
  if (!pipe->reads) return (ready(pipe->io, 0) & (POLLERR | POLLHUP)) != 0 ? 0 : -EAGAIN;
  const uint32_t left = room->limit - room->cursor;
  uint8_t* bytes = shim->memory.base + room->cursor;
  const size_t length = want < left ? want : left;
  long result = read_once(shim, pipe, bytes, length);
  if (pipe->asking == Asking::nowait && cannot(result)) {
    pipe_fall_back(pipe, descriptor->fd);
    result = read_once(shim, pipe, bytes, length);
  }
  if (result > 0) return answer_bytes(shim, entry, room, static_cast<uint32_t>(result));
  // A terminal whose other end is gone: what a pipe calls the end.
  if (result == -EIO && pipe->device && (ready(pipe->io, 0) & POLLHUP) != 0) return 0;
  return static_cast<int32_t>(result);
}

long write_once(Shim* shim, const Pipe* pipe, const struct iovec* vectors, size_t used) {
  const int flags = (pipe->asking == Asking::nowait ? WRITE_NOW : 0) |
                    (signal_spared() ? WRITE_SPARED : 0);
  const auto write = [&] {
    if (flags == 0) return system_write_vector(&shim->interrupted, pipe->io, vectors, used);
    return system_write_flagged(&shim->interrupted, pipe->io, vectors, used, flags);
  };
  return signal_spared() ? write() : without_sigpipe(write);
}

/** Piece by piece, until nothing more fits: for files whose short writes do not mean that. */
long write_slowly(Shim* shim, const Pipe* pipe, const struct iovec* vectors, size_t used) {
  const size_t most = pipe->device ? DEVICE_CHUNK : PIPE_CHUNK;
  long written = 0;
  for (size_t place = 0; place < used; place++) {
    auto* bytes = static_cast<uint8_t*>(vectors[place].iov_base);
    size_t left = vectors[place].iov_len;
    while (left > 0) {
      struct iovec part = {bytes, left};
      if (pipe->asking == Asking::polled) {
        const short bits = ready(pipe->io, POLLOUT);
        if (bits == 0) return written > 0 ? written : -EAGAIN;
        if (part.iov_len > most) part.iov_len = most;
      }
      const long result = write_once(shim, pipe, &part, 1);
      if (result < 0) return written > 0 ? written : result;
      bytes += result;
      left -= static_cast<size_t>(result);
      written += result;
    }
  }
  return written;
}

int32_t send(Shim* shim, Descriptor* descriptor, uint32_t entry) {
  auto* pipe = static_cast<Pipe*>(descriptor->state);
  struct iovec vectors[layout::PIECES_A_SEND];
  const int32_t used = gather_pieces(shim, entry, vectors);
  if (used < 0) return used;
  count(&shim->memory, layout::COUNTER_HOST_SENDS);
  if (!pipe->writes) return -EBADF;
  const auto pieces = static_cast<size_t>(used);
  if (pipe->asking == Asking::nowait) {
    const long result = write_once(shim, pipe, vectors, pieces);
    if (!cannot(result)) return static_cast<int32_t>(result);
    pipe_fall_back(pipe, descriptor->fd);
  }
  const bool slowly = pipe->device || pipe->asking == Asking::polled;
  const auto write = slowly ? write_slowly : write_once;
  return static_cast<int32_t>(write(shim, pipe, vectors, pieces));
}

int32_t sample(Shim* shim, Descriptor* descriptor, uint32_t entry) {
  const auto* pipe = static_cast<const Pipe*>(descriptor->state);
  store_word(&shim->memory, entry + layout::SUBMISSION_EXTRA, layout::UNKNOWN);
  if (!pipe->reads) return 0;
  return system_available(descriptor->fd);
}

/** There is nothing but what was sent, so its end is the end of all. */
int32_t shut_down(Shim*, Descriptor* descriptor) {
  return static_cast<const Pipe*>(descriptor->state)->reads ? 0 : layout::SHUT_DOWN_ALL;
}

int32_t close_pipe(Shim* shim, const Descriptor* descriptor) {
  auto* pipe = static_cast<Pipe*>(descriptor->state);
  if (pipe->shared) shim->interface->detach(shim, descriptor->fd);
  pipe_free(pipe, descriptor->fd);
  return close_descriptor(descriptor->fd);
}

}  // namespace

const Source pipe_source = {"pipe", nullptr, receive,    send,     sample,
                            nullptr, nullptr, close_pipe, shut_down};

Pipe* pipe_create(int fd, Asking asking, bool reads, bool writes) {
  auto* pipe = static_cast<Pipe*>(calloc(1, sizeof(Pipe)));
  if (pipe == nullptr) return nullptr;
  pipe->io = fd;
  pipe->asking = asking;
  pipe->reads = reads;
  pipe->writes = writes;
  return pipe;
}

void pipe_free(Pipe* pipe, int fd) {
  if (pipe == nullptr) return;
  if (pipe->io != fd) system_close(pipe->io);
  free(pipe);
}

void pipe_fall_back(Pipe* pipe, int fd) {
  pipe->asking = Asking::polled;
  // The other end of a new terminal is what opening a terminal's master again would give.
  if (pipe->device && system_is_terminal_master(fd)) return;
  const int access = pipe->reads ? (pipe->writes ? O_RDWR : O_RDONLY) : O_WRONLY;
  const int own = system_open_again(fd, access | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
  if (own < 0) return;
  pipe->io = own;
  pipe->asking = Asking::own;
}

int32_t close_descriptor(int fd) {
  return fd <= STDERR_FILENO ? 0 : static_cast<int32_t>(system_close(fd));
}

}  // namespace calandria
