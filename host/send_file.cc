#include "send_file.h"

#include "errors.h"
#include "files.h"
#include "outgoing.h"
#include "sigpipe.h"
#include "system.h"
#include "warmth.h"

namespace calandria {

namespace {

/** What one call sent, of the bytes and of the file behind them. */
struct Progress {
  uint32_t sent;
  bool blocked;
  int error;
};

void note(Progress* progress, long result) {
  if (result == -EAGAIN) progress->blocked = true;
  else progress->error = static_cast<int>(result);
}

/** Until the range is sent or the socket is full, which a short answer alone does not say. */
void send_from_file(Shim* shim, int to, const FileRange* range, Progress* progress) {
  uint64_t offset = range->offset;
  uint32_t left = range->length;
  while (left > 0) {
    count(&shim->memory, layout::COUNTER_HOST_SENDS);
    const long result = without_sigpipe(
        [&] { return system_send_file(&shim->interrupted, to, range->fd, offset, left); });
    if (result <= 0) {
      note(progress, result == 0 ? -ENODATA : result);
      break;
    }
    offset += static_cast<uint64_t>(result);
    left -= static_cast<uint32_t>(result);
    progress->sent += static_cast<uint32_t>(result);
  }
}

/** Bytes that the file has from `offset` on. */
uint64_t left_in(int fd, uint64_t offset) {
  struct stat status;
  if (system_status(fd, &status) < 0) return 0;
  const auto length = static_cast<uint64_t>(status.st_size);
  return length > offset ? length - offset : 0;
}

/**
 * Behind the end of the file its last page is zeros, so no more is sent than it has. A file that is
 * truncated behind its mapping is EFAULT for send(2); nobody else touches these bytes.
 */
void send_from_map(Shim* shim, int to, const FileRange* asked, Progress* progress) {
  FileRange part = *asked;
  const FileRange* range = &part;
  const uint64_t there = left_in(part.fd, part.offset);
  if (there < part.length) part.length = static_cast<uint32_t>(there);
  if (part.length == 0) return note(progress, -ENODATA);
  const uint64_t page = system_page_size();
  const uint64_t start = range->offset / page * page;
  const uint64_t before = range->offset - start;
  const size_t size = static_cast<size_t>(before) + range->length;
  void* map = system_map(range->fd, start, size);
  if (map == nullptr) return note(progress, -errno);
  const uint8_t* bytes = static_cast<uint8_t*>(map) + before;
  uint32_t done = 0;
  while (done < range->length) {
    count(&shim->memory, layout::COUNTER_HOST_SENDS);
    const long result =
        system_send(&shim->interrupted, to, bytes + done, range->length - done, 0);
    if (result < 0) {
      const bool ended = result == -EFAULT && left_in(range->fd, range->offset + done) == 0;
      note(progress, ended ? -ENODATA : result);
      break;
    }
    done += static_cast<uint32_t>(result);
  }
  progress->sent += done;
  system_unmap(map, size);
}

/** Nothing came behind what was sent with SEND_MORE: it leaves now. */
void push(Shim* shim, int fd) {
  count(&shim->memory, layout::COUNTER_HOST_OTHERS);
  system_push(fd);
}

}  // namespace

int32_t send_file(Shim* shim, Descriptor* connection, uint32_t entry) {
  const Memory* memory = &shim->memory;
  const uint32_t operation = field(shim, entry, layout::SUBMISSION_EXTRA);
  store_word(memory, entry + layout::SUBMISSION_EXTRA, 0);
  if (operation >= memory->tasks_max) return -EPROTO;
  const uint32_t task = memory->tasks + operation * layout::TASK_SIZE;
  const uint32_t record = load_unsigned(memory, task + layout::TASK_RECORD);
  const uint32_t owner = load_unsigned(memory, task + layout::TASK_RECORD_GENERATION);
  if (descriptor_of(shim, record, owner) < 0) return -EBADF;
  const Descriptor* descriptor = &shim->descriptors[record];
  if (descriptor->source != &file_source) return -EBADF;
  // sendfile(2) would read past the page cache, and wait.
  auto* file = static_cast<FileState*>(descriptor->state);
  if (file->direct) return -EOPNOTSUPP;
  FileRange range;
  range.file = file;
  range.fd = descriptor->fd;
  range.operation = operation;
  range.generation = load_unsigned(memory, task + layout::TASK_GENERATION);
  range.offset = load_long(memory, task + layout::TASK_OFFSET);
  range.length = load_unsigned(memory, task + layout::TASK_LENGTH);
  range.remaining = load_long(memory, task + layout::TASK_REMAINING);
  if (range.remaining > INT64_MAX || range.offset > INT64_MAX - range.remaining) return -EINVAL;
  if (range.length > range.remaining) return -EPROTO;
  Outgoing bytes;
  if (!outgoing_open(&bytes, shim, entry)) return -EPROTO;
  const int warmed = warm(shim, &range);
  if (warmed < 0) return warmed;
  int marks = warmed > 0 ? layout::SENT_AHEAD : 0;
  const uint32_t length = bytes.left;
  Progress progress = {};
  if (length > 0) {
    const long result = outgoing_send(&bytes, shim, connection->fd, SEND_MORE);
    if (result < 0) return static_cast<int32_t>(result);
    progress.sent = static_cast<uint32_t>(result);
    progress.blocked = progress.sent < length;
  }
  if (progress.sent == length) {
    const bool maps = memory->base[entry + layout::SUBMISSION_DETAIL] == layout::VIA_MAP;
    if (maps) send_from_map(shim, connection->fd, &range, &progress);
    else send_from_file(shim, connection->fd, &range, &progress);
    if (length > 0 && progress.sent == length) push(shim, connection->fd);
  }
  if (progress.sent == 0) return progress.blocked ? -EAGAIN : progress.error;
  if (progress.blocked) marks |= layout::SENT_BLOCKED;
  store_word(memory, entry + layout::SUBMISSION_EXTRA, marks);
  return static_cast<int32_t>(progress.sent);
}

}  // namespace calandria
