#include "file_streams.h"

#include <cstdlib>

#include "completions.h"
#include "pipes.h"
#include "system.h"

namespace calandria {

namespace {

/** Bytes that one request of the pool reads or writes. */
constexpr uint32_t CHUNK = 65536;

/** One direction: at most one request is under way, with bytes of its own. */
struct Half {
  Request request;
  FileStream* stream;
  /** The pool's: it closes. */
  const bool* stopping;
  /** With the pool; what follows belongs to its thread then. */
  bool busy;
  /** Its completion was told, and `request.result` is to be taken. */
  bool done;
  /** Of a read: bytes taken already. Of a write: bytes to write. */
  uint32_t length;
  uint8_t bytes[CHUNK];
};

}  // namespace

struct FileStream {
  int fd;
  bool closed;
  /** Null unless it goes this way. */
  Half* reading;
  Half* writing;
  FileStream* next;
};

namespace {

/** epoll(7) knows of every other descriptor; these it does not take. */
bool adopted(const Shim* shim, int fd) {
  const FileStream* stream = shim->file_streams;
  while (stream != nullptr && stream->fd != fd) stream = stream->next;
  return stream != nullptr;
}

/** Once nobody uses it: a descriptor must not get a new owner while a thread is reading it. */
void free_unless_busy(Shim* shim, FileStream* stream) {
  const bool busy = (stream->reading != nullptr && stream->reading->busy) ||
                    (stream->writing != nullptr && stream->writing->busy);
  if (busy) return;
  FileStream** place = &shim->file_streams;
  while (*place != stream) place = &(*place)->next;
  *place = stream->next;
  close_descriptor(stream->fd);
  free(stream->reading);
  free(stream->writing);
  free(stream);
}

Half* half_of(Request* request) { return reinterpret_cast<Half*>(request); }

/** How long a thread waits before it looks whether anybody still does. ms */
constexpr int PATIENCE = 20;

/** False when nobody wants it any more. A file can always be read, but one of proc(5) may wait. */
bool await_bytes(const Half* half) {
  while (system_ready(half->stream->fd, POLLIN, PATIENCE) == 0) {
    if (load_relaxed(half->stopping)) return false;
    if (load_relaxed(&half->stream->closed)) return false;
  }
  return true;
}

int64_t run_read(Request* request) {
  Half* half = half_of(request);
  if (!await_bytes(half)) return -ECANCELED;
  uint64_t interrupted = 0;
  return system_read(&interrupted, half->stream->fd, half->bytes, CHUNK);
}

int64_t run_write(Request* request) {
  Half* half = half_of(request);
  uint64_t interrupted = 0;
  return system_write(&interrupted, half->stream->fd, half->bytes, half->length);
}

void release(Shim* shim, Request* request) {
  Half* half = half_of(request);
  half->busy = false;
  half->done = true;
  if (half->stream->closed) free_unless_busy(shim, half->stream);
}

Half* half_create(const Shim* shim, FileStream* stream, const OpenRequest* request,
                  int64_t (*run)(Request*)) {
  auto* half = static_cast<Half*>(calloc(1, sizeof(Half)));
  if (half == nullptr) return nullptr;
  half->stream = stream;
  half->stopping = &shim->completions->pool.stopping;
  half->request.run = run;
  half->request.release = release;
  half->request.operation = static_cast<uint32_t>(layout::COMPLETION_OF_RECORD) | request->record;
  half->request.generation = request->generation;
  return half;
}

int32_t start(Shim* shim, Half* half) {
  half->done = false;
  const int result = completions_start(shim, &half->request);
  if (result < 0) return result == -EAGAIN ? -EIO : result;
  half->busy = true;
  return 0;
}

/** What was read ahead, and then the next part is asked for. */
int32_t receive(Shim* shim, Descriptor* descriptor, uint32_t entry, ReadRoom* room) {
  Half* half = static_cast<FileStream*>(descriptor->state)->reading;
  const uint32_t want = field(shim, entry, layout::SUBMISSION_LENGTH);
  if (half == nullptr || half->busy) return -EAGAIN;
  if (!half->done) {
    half->length = 0;
    const int32_t started = start(shim, half);
    return started < 0 ? started : -EAGAIN;
  }
  if (half->request.result <= 0) return static_cast<int32_t>(half->request.result);
  if (!read_room_ensure(room, field(shim, entry, layout::SUBMISSION_ARGUMENT))) return -ENOBUFS;
  count(&shim->memory, layout::COUNTER_HOST_RECEIVES);
  uint32_t length = static_cast<uint32_t>(half->request.result) - half->length;
  if (length > want) length = want;
  if (length > room->limit - room->cursor) length = room->limit - room->cursor;
  memcpy(shim->memory.base + room->cursor, half->bytes + half->length, length);
  half->length += length;
  if (half->length == half->request.result) {
    half->length = 0;
    // Should it not start, then the next RECEIVE asks for it.
    start(shim, half);
  }
  return answer_bytes(shim, entry, room, length);
}

/**
 * Bytes count as sent when they are written, so that every error is about bytes that were not: the
 * first SEND starts, and one after its completion answers and starts with what follows.
 */
int32_t send(Shim* shim, Descriptor* descriptor, uint32_t entry) {
  Half* half = static_cast<FileStream*>(descriptor->state)->writing;
  if (half == nullptr) return -EBADF;
  if (half->busy) return -EAGAIN;
  uint32_t written = 0;
  if (half->done) {
    half->done = false;
    if (half->request.result < 0) return static_cast<int32_t>(half->request.result);
    written = static_cast<uint32_t>(half->request.result);
  }
  struct iovec vectors[layout::PIECES_A_SEND];
  const int32_t used = gather_pieces(shim, entry, vectors);
  if (used < 0) return used;
  count(&shim->memory, layout::COUNTER_HOST_SENDS);
  uint32_t skip = written;
  half->length = 0;
  for (int32_t place = 0; place < used && half->length < CHUNK; place++) {
    const auto length = static_cast<uint32_t>(vectors[place].iov_len);
    const uint32_t from = skip < length ? skip : length;
    skip -= from;
    uint32_t taken = length - from;
    if (taken > CHUNK - half->length) taken = CHUNK - half->length;
    memcpy(half->bytes + half->length, static_cast<uint8_t*>(vectors[place].iov_base) + from,
           taken);
    half->length += taken;
  }
  if (skip > 0) return -EPROTO;
  const int32_t started = half->length > 0 ? start(shim, half) : 0;
  if (written > 0) return static_cast<int32_t>(written);
  return started < 0 ? started : -EAGAIN;
}

/** Bytes up to the end of the file, as it is now. */
int32_t sample(Shim* shim, Descriptor* descriptor, uint32_t entry) {
  store_word(&shim->memory, entry + layout::SUBMISSION_EXTRA, layout::UNKNOWN);
  const auto* stream = static_cast<const FileStream*>(descriptor->state);
  if (stream->reading == nullptr) return 0;
  struct stat status;
  const int known = system_status(stream->fd, &status);
  if (known < 0) return known;
  const int64_t at = system_position(stream->fd);
  const Half* half = stream->reading;
  const int64_t ahead = half->done && half->request.result > 0
                            ? half->request.result - static_cast<int64_t>(half->length)
                            : 0;
  const int64_t left = (at < 0 || status.st_size < at ? 0 : status.st_size - at) + ahead;
  return left > INT32_MAX ? INT32_MAX : static_cast<int32_t>(left);
}

int32_t shut_down(Shim*, Descriptor* descriptor) {
  const bool reads = static_cast<const FileStream*>(descriptor->state)->reading != nullptr;
  return reads ? 0 : layout::SHUT_DOWN_ALL;
}

int32_t close_stream(Shim* shim, const Descriptor* descriptor) {
  auto* stream = static_cast<FileStream*>(descriptor->state);
  store_relaxed(&stream->closed, true);
  free_unless_busy(shim, stream);
  return 0;
}

const Source file_stream_source = {"file stream", nullptr, receive,      send,     sample,
                                   nullptr,       nullptr, close_stream, shut_down};

}  // namespace

int32_t file_stream_open(Shim* shim, const OpenRequest* request, ReadRoom* room, bool reads,
                         bool writes) {
  if (adopted(shim, request->argument)) return -EEXIST;
  int result = completions_ensure(shim);
  if (result < 0) return result;
  auto* stream = static_cast<FileStream*>(calloc(1, sizeof(FileStream)));
  if (stream == nullptr) return -ENOMEM;
  stream->fd = request->argument;
  stream->reading = reads ? half_create(shim, stream, request, run_read) : nullptr;
  stream->writing = writes ? half_create(shim, stream, request, run_write) : nullptr;
  const bool made = (stream->reading != nullptr || !reads) &&
                    (stream->writing != nullptr || !writes);
  result = !made ? -ENOMEM
                 : descriptor_keep(shim, request->record, request->generation, stream->fd,
                                   &file_stream_source, stream);
  if (result < 0) {
    free(stream->reading);
    free(stream->writing);
    free(stream);
    return result;
  }
  stream->next = shim->file_streams;
  shim->file_streams = stream;
  uint8_t name[layout::PEER_SIZE] = {layout::FAMILY_DESCRIPTOR};
  answer_name(shim, request->entry, room, name);
  return layout::OPENED_FILE | layout::OPENED_DOUBTFUL;
}

}  // namespace calandria
