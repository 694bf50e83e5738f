// Paths by EVFILT_VNODE, in a kqueue of each watch's own: the file or folder itself, and the files
// in a folder, whose contents the folder says nothing about. What was heard is written down as
// inotify(7) does, so that one reading serves all systems.
#include "paths.h"

#include <cstdlib>
#include <dirent.h>
#include <limits.h>

#include "folder_entries.h"
#include "kqueue_library.h"
#include "system_kqueue.h"

namespace calandria {

namespace {

#ifdef O_EVTONLY
constexpr int HOW = O_EVTONLY | O_CLOEXEC | O_NONBLOCK;
#else
constexpr int HOW = O_RDONLY | O_CLOEXEC | O_NONBLOCK;
#endif

#ifdef NOTE_TRUNCATE
constexpr unsigned CONTENTS = NOTE_WRITE | NOTE_EXTEND | NOTE_TRUNCATE;
#else
constexpr unsigned CONTENTS = NOTE_WRITE | NOTE_EXTEND;
#endif
constexpr unsigned ATTRIBUTES = NOTE_ATTRIB | NOTE_LINK;
constexpr unsigned CHANGES = CONTENTS | ATTRIBUTES | NOTE_DELETE | NOTE_RENAME;
constexpr int EVENTS_AT_ONCE = 32;

struct PathState {
  int queue;
  /** What is watched. */
  int fd;
  bool folder;
  /** Its owner and permissions, as they were told of last. */
  uint64_t attributes;
  Folder entries;
  PathRecords records;
};

PathState* state_of(const Descriptor* descriptor) {
  return static_cast<PathState*>(descriptor->state);
}

/** `owner`: the entry, or null for the path itself. */
int listen_to(const PathState* state, int fd, const FolderEntry* entry) {
  const struct kevent change =
      kevent_of(static_cast<uintptr_t>(fd), EVFILT_VNODE, EV_ADD | EV_CLEAR, CHANGES, 0,
                reinterpret_cast<uintptr_t>(entry));
  return system_change(state->queue, &change);
}

int watch_entry(void* context, int folder, FolderEntry* entry) {
  const int fd = system_open_in(folder, entry->name, HOW | O_NOFOLLOW);
  struct stat status;
  if (fd < 0) return fd;
  // Opening anything else may have an effect on it; and a folder's own entries are not asked for.
  int result = system_status(fd, &status);
  if (result == 0 && !S_ISREG(status.st_mode)) result = -EOPNOTSUPP;
  if (result == 0) result = listen_to(static_cast<PathState*>(context), fd, entry);
  if (result == 0) return fd;
  system_close(fd);
  return result;
}

/** The entry that a descriptor watches: one that was renamed is another entry by now. */
const FolderEntry* entry_of(const PathState* state, uintptr_t fd) {
  const FolderEntry* entry = state->entries.first;
  while (entry != nullptr && static_cast<uintptr_t>(entry->fd) != fd) entry = entry->next;
  return entry;
}

uint64_t attributes_of(const struct stat* status) {
  return static_cast<uint64_t>(status->st_mode & 07777) << 32 ^
         static_cast<uint64_t>(status->st_uid) << 16 ^ status->st_gid;
}

/** A folder's times change with its entries; and some tell of what its entries' attributes do. */
bool changed_itself(PathState* state) {
  struct stat status;
  if (!state->folder || system_status(state->fd, &status) < 0) return true;
  const uint64_t before = state->attributes;
  state->attributes = attributes_of(&status);
  return state->attributes != before;
}

void note_own(PathState* state, unsigned notes) {
  if (notes & NOTE_DELETE) path_records_put(&state->records, PATH_DELETE_SELF, 0, nullptr);
  else if (notes & NOTE_RENAME) path_records_put(&state->records, PATH_MOVE_SELF, 0, nullptr);
  else if ((notes & CONTENTS) && !state->folder) {
    path_records_put(&state->records, PATH_MODIFY, 0, nullptr);
  } else if ((notes & NOTE_ATTRIB) && changed_itself(state)) {
    path_records_put(&state->records, PATH_ATTRIBUTES, 0, nullptr);
  }
}

/** Contents and attributes; that it is gone or has another name the folder tells. */
void note_entry(PathState* state, const FolderEntry* entry, unsigned notes) {
  if (entry == nullptr) return;
  if (notes & CONTENTS) path_records_put(&state->records, PATH_MODIFY, 0, entry->name);
  if (notes & NOTE_ATTRIB) path_records_put(&state->records, PATH_ATTRIBUTES, 0, entry->name);
}

/** Takes what the kernel has, and writes down what it means. */
void hear(PathState* state) {
  struct kevent events[EVENTS_AT_ONCE];
  long total;
  do {
    total = system_kevent(state->queue, nullptr, 0, events, EVENTS_AT_ONCE);
    bool look = false;
    unsigned own = 0;
    for (long place = 0; place < total; place++) {
      const struct kevent* event = &events[place];
      if (event->ident != static_cast<uintptr_t>(state->fd)) continue;
      own |= event->fflags;
      look = state->folder && (event->fflags & (CONTENTS | NOTE_LINK)) != 0;
    }
    // First the names: what changed may have another by now.
    if (look) {
      const int result =
          folder_look(&state->entries, state->fd, &state->records, watch_entry, state);
      if (result < 0) path_records_put(&state->records, PATH_OVERFLOW, 0, nullptr);
    }
    for (long place = 0; place < total; place++) {
      const struct kevent* event = &events[place];
      if (event->ident == static_cast<uintptr_t>(state->fd)) continue;
      note_entry(state, entry_of(state, event->ident), event->fflags);
    }
    note_own(state, own);
  } while (total == EVENTS_AT_ONCE);
}

int32_t path_receive(Shim* shim, Descriptor* descriptor, uint32_t entry, ReadRoom* room) {
  if (!read_room_ensure(room, field(shim, entry, layout::SUBMISSION_ARGUMENT))) return -ENOBUFS;
  count(&shim->memory, layout::COUNTER_HOST_RECEIVES);
  PathState* state = state_of(descriptor);
  hear(state);
  const uint32_t filled =
      path_records_take(&state->records, shim->memory.base + room->cursor,
                        room->limit - room->cursor, field(shim, entry, layout::SUBMISSION_EXTRA));
  return filled == 0 ? -EAGAIN : answer_bytes(shim, entry, room, filled);
}

/** Bytes of records that wait. */
int32_t path_sample(Shim* shim, Descriptor* descriptor, uint32_t entry) {
  store_word(&shim->memory, entry + layout::SUBMISSION_EXTRA, layout::UNKNOWN);
  PathState* state = state_of(descriptor);
  hear(state);
  return static_cast<int32_t>(state->records.end - state->records.start);
}

void state_free(PathState* state) {
  folder_free(&state->entries);
  path_records_free(&state->records);
  if (state->fd >= 0) system_close(state->fd);
  if (state->queue >= 0) system_close(state->queue);
  free(state);
}

int32_t path_close(Shim*, const Descriptor* descriptor) {
  state_free(state_of(descriptor));
  return 0;
}

const Source path_source = {"path",      nullptr, path_receive, nullptr,
                            path_sample, nullptr, nullptr,      path_close};

/** 0, or -errno. */
int state_open(PathState* state, const char* path) {
  state->fd = system_open(path, HOW, 0);
  if (state->fd < 0) return state->fd;
  state->queue = system_kqueue();
  if (state->queue < 0) return state->queue;
  state->entries.queue = state->queue;
  struct stat status;
  int result = system_status(state->fd, &status);
  if (result < 0) return result;
  state->folder = S_ISDIR(status.st_mode);
  state->attributes = attributes_of(&status);
  // Before the first look, so that nothing falls in between.
  result = listen_to(state, state->fd, nullptr);
  if (result < 0 || !state->folder) return result;
  return folder_look(&state->entries, state->fd, nullptr, watch_entry, state);
}

}  // namespace

int32_t path_open(Shim* shim, const OpenRequest* request, ReadRoom* room) {
  // What happens inside of a write or a rename is told too late here for a fence (fences.ts).
  if (request->argument == layout::PATH_SET) return -EOPNOTSUPP;
  char path[PATH_MAX];
  if (request->length == 0) return -ENOENT;
  if (request->length >= sizeof path) return -ENAMETOOLONG;
  memcpy(path, request->bytes, request->length);
  path[request->length] = 0;
  auto* state = static_cast<PathState*>(calloc(1, sizeof(PathState)));
  if (state == nullptr) return -ENOMEM;
  state->fd = -1;
  state->queue = -1;
  int result = state_open(state, path);
  const int watched = result < 0 ? result : kqueue_watched(state->queue);
  if (watched < 0) {
    state_free(state);
    return watched;
  }
  uint8_t name[layout::PEER_SIZE] = {};
  name[layout::PEER_FAMILY] = layout::FAMILY_NONE;
  return answer_opened(shim, request, room, watched, &path_source, state, name, 0);
}

}  // namespace calandria
