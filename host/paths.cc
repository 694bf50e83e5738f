#include "paths.h"

#include <limits.h>

#include "system.h"

namespace calandria {

namespace {

/** Not IN_CLOSE_WRITE: who opens to write and does not has changed nothing. */
constexpr uint32_t CHANGES = IN_CREATE | IN_MODIFY | IN_DELETE | IN_DELETE_SELF | IN_MOVED_FROM |
                             IN_MOVED_TO | IN_MOVE_SELF | IN_ATTRIB;
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

}  // namespace

int32_t path_open(Shim* shim, const OpenRequest* request, ReadRoom* room) {
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
  uint8_t name[layout::PEER_SIZE] = {};
  name[layout::PEER_FAMILY] = layout::FAMILY_NONE;
  return answer_opened(shim, request, room, fd, &path_source, nullptr, name, 0);
}

}  // namespace calandria
