#include "paths.h"

#include <limits.h>
#include <sys/stat.h>

#include "files.h"
#include "system.h"

namespace calandria {

namespace {

/** Not IN_CLOSE_WRITE: who opens to write and does not has changed nothing. */
constexpr uint32_t CHANGES = IN_CREATE | IN_MODIFY | IN_DELETE | IN_DELETE_SELF | IN_MOVED_FROM |
                             IN_MOVED_TO | IN_MOVE_SELF | IN_ATTRIB;
constexpr uint32_t ENTRIES = CHANGES & ~static_cast<uint32_t>(IN_MODIFY);
/** Names are padded to whole records, so records come in steps of this size. */
constexpr uint32_t STEP = sizeof(struct inotify_event);
constexpr uint32_t RECORD_MAX = STEP + NAME_MAX + 1;

long read_changes(Shim* shim, int fd, uint8_t* target, size_t size) {
  count(&shim->memory, layout::COUNTER_HOST_RECEIVES);
  return system_read(&shim->interrupted, fd, target, size);
}

/** One record: EINVAL says that the room is too small for it, so the first that fits is its own. */
long read_one(Shim* shim, int fd, uint8_t* target) {
  for (uint32_t size = STEP; size <= RECORD_MAX; size += STEP) {
    const long result = read_changes(shim, fd, target, size);
    if (result != -EINVAL) return result;
  }
  return -EPROTO;
}

/** The kernel's records as they are. */
int32_t path_receive(Shim* shim, Descriptor* descriptor, uint32_t entry, ReadRoom* room) {
  if (!read_room_ensure(room, field(shim, entry, layout::SUBMISSION_ARGUMENT))) return -ENOBUFS;
  uint8_t* target = shim->memory.base + room->cursor;
  const uint32_t most = room->limit - room->cursor;
  const uint32_t records = field(shim, entry, layout::SUBMISSION_EXTRA);
  if (records == 0) {
    const long result = read_changes(shim, descriptor->fd, target, most);
    return result <= 0 ? static_cast<int32_t>(result)
                       : answer_bytes(shim, entry, room, static_cast<uint32_t>(result));
  }
  uint32_t filled = 0;
  for (uint32_t taken = 0; taken < records && most - filled >= RECORD_MAX; taken++) {
    const long result = read_one(shim, descriptor->fd, target + filled);
    if (result <= 0 && filled == 0) return static_cast<int32_t>(result);
    if (result <= 0) break;
    filled += static_cast<uint32_t>(result);
  }
  return answer_bytes(shim, entry, room, filled);
}

/** Bytes of records that wait. */
int32_t path_sample(Shim* shim, Descriptor* descriptor, uint32_t entry) {
  store_word(&shim->memory, entry + layout::SUBMISSION_EXTRA, layout::UNKNOWN);
  return system_available(descriptor->fd);
}

const Source path_source = {"path",      nullptr, path_receive, nullptr,
                            path_sample, nullptr, nullptr,      nullptr};

int32_t answer_watcher(Shim* shim, const OpenRequest* request, ReadRoom* room, int fd,
                       const Source* source) {
  uint8_t name[layout::PEER_SIZE] = {};
  name[layout::PEER_FAMILY] = layout::FAMILY_NONE;
  return answer_opened(shim, request, room, fd, source, nullptr, name, 0);
}

// ── Sets ──

/** CONTROL_WATCH; bytes: record and generation of what is open here. Brings the watch's number. */
int32_t add_watch(Shim* shim, const Descriptor* set, uint32_t entry, ReadRoom* room) {
  const uint32_t address = field(shim, entry, layout::SUBMISSION_ADDRESS);
  const uint32_t length = field(shim, entry, layout::SUBMISSION_LENGTH);
  if (length != 8 || !inside(&shim->memory, address, length)) return -EINVAL;
  const uint32_t record = load_unsigned(&shim->memory, address);
  const int fd = descriptor_of(shim, record, load_unsigned(&shim->memory, address + 4));
  if (fd < 0 || fd == FD_OPENING || shim->descriptors[record].source != &file_source) return -EBADF;
  const auto* file = static_cast<const FileState*>(shim->descriptors[record].state);
  // Of what another machine does nothing is told here.
  if (!file->local) return -EOPNOTSUPP;
  if (!read_room_ensure(room, sizeof(uint32_t))) return -EAGAIN;
  // Writes to what is in a folder are told to who watches that itself.
  const int watch = system_watch_open(set->fd, fd, S_ISDIR(file->type) ? ENTRIES : CHANGES);
  if (watch < 0) return watch;
  memcpy(shim->memory.base + room->cursor, &watch, sizeof watch);
  return answer_bytes(shim, entry, room, sizeof watch);
}

int32_t set_operate(Shim* shim, Descriptor* descriptor, uint32_t entry, ReadRoom* room) {
  const Memory* memory = &shim->memory;
  const uint32_t place = field(shim, entry, layout::SUBMISSION_ARGUMENT);
  if (memory->base[entry + layout::SUBMISSION_DETAIL] != layout::TASK_CONTROL) return -EOPNOTSUPP;
  if (place >= memory->tasks_max) return -EPROTO;
  count(memory, layout::COUNTER_HOST_OTHERS);
  const uint32_t task = memory->tasks + place * layout::TASK_SIZE;
  // The high half of the offset says what, the low one is a number.
  const uint64_t offset = load_long(memory, task + layout::TASK_OFFSET);
  switch (static_cast<uint32_t>(offset >> 32)) {
    case layout::CONTROL_WATCH:
      return add_watch(shim, descriptor, entry, room);
    case layout::CONTROL_UNWATCH:
      return system_unwatch(descriptor->fd, static_cast<int>(static_cast<uint32_t>(offset)));
    default:
      return -EOPNOTSUPP;
  }
}

const Source set_source = {"path set",  nullptr, path_receive, nullptr,
                           path_sample, nullptr, set_operate,  nullptr};

/** What it tells has to be read when RECEIVE says so, and all else by then (fences.ts). */
int32_t set_open(Shim* shim, const OpenRequest* request, ReadRoom* room) {
  if (shim->interface->flush != nullptr) return -EOPNOTSUPP;
  const int fd = system_path_watcher();
  return fd < 0 ? fd : answer_watcher(shim, request, room, fd, &set_source);
}

}  // namespace

int32_t path_open(Shim* shim, const OpenRequest* request, ReadRoom* room) {
  if (request->argument == layout::PATH_SET) return set_open(shim, request, room);
  char path[PATH_MAX];
  if (request->length == 0) return -ENOENT;
  if (request->length >= sizeof path) return -ENAMETOOLONG;
  memcpy(path, request->bytes, request->length);
  path[request->length] = 0;
  const int fd = system_path_watcher();
  if (fd < 0) return fd;
  const int watch = system_watch_path(fd, path, CHANGES);
  if (watch < 0) {
    system_close(fd);
    return watch;
  }
  return answer_watcher(shim, request, room, fd, &path_source);
}

}  // namespace calandria
