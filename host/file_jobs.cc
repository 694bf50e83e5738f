// What threads of the pool do for files: the calls that may wait for a disk. They touch their
// request, its slot and what never changes of the file.
#include <cstddef>
#include <cstdlib>
#include <dirent.h>
#include <stdio.h>
#include <sys/sysmacros.h>

#include "beneath.h"
#include "files.h"
#include "system.h"

namespace calandria {

namespace {

/** Where the kernel does not say what direct transfers must be aligned to. */
constexpr uint32_t PAGE = 4096;

struct FlagPair {
  int32_t here;
  int kernel;
};

// The numbers in the layout are those of x86-64; other machines have others.
constexpr FlagPair FLAGS[] = {
    {layout::FILE_WRITE, O_WRONLY},         {layout::FILE_READ_WRITE, O_RDWR},
    {layout::FILE_CREATE, O_CREAT},         {layout::FILE_EXCLUSIVE, O_EXCL},
    {layout::FILE_TRUNCATE, O_TRUNC},       {layout::FILE_APPEND, O_APPEND},
    {layout::FILE_SYNC_DATA, O_DSYNC},      {layout::FILE_SYNC, O_SYNC},
    {layout::FILE_DIRECTORY, O_DIRECTORY},  {layout::FILE_NO_FOLLOW, O_NOFOLLOW},
};

int kernel_flags(int32_t flags) {
  // A pipe must not hold a thread until somebody opens its other end, nor a terminal become ours.
  int result = O_CLOEXEC | O_LARGEFILE | O_NOCTTY | O_NONBLOCK;
  for (const FlagPair& pair : FLAGS) {
    if ((flags & pair.here) == pair.here) result |= pair.kernel;
  }
  return result;
}

/** What direct transfers must be aligned to (statx(2), STATX_DIOALIGN). */
void find_alignment(FileState* file) {
  file->align_memory = PAGE;
  file->align_offset = PAGE;
#ifdef STATX_DIOALIGN
  struct statx status;
  if (system_extended_status(file->fd, STATX_DIOALIGN, &status) < 0) return;
  if (!(status.stx_mask & STATX_DIOALIGN) || status.stx_dio_offset_align == 0) return;
  file->align_memory = status.stx_dio_mem_align;
  file->align_offset = status.stx_dio_offset_align;
#endif
}

/**
 * Behind the open: asked for in the open itself, a file system without direct transfers refuses
 * after it has created the file (open(2), BUGS). Then it is served through the page cache.
 */
void go_direct(FileState* file) {
  const int flags = system_flags(file->fd);
  file->direct = flags >= 0 && system_set_flags(file->fd, flags | O_DIRECT) == 0;
  if (file->direct) find_alignment(file);
}

Slot* slot_of(Request* request) { return reinterpret_cast<Slot*>(request); }

/**
 * The descriptor for a transfer: of a direct file the one that goes through the page cache, when
 * this is not aligned. Two threads may open it at once; one of them keeps its own.
 */
int transfer_descriptor(Slot* slot, const uint8_t* bytes) {
  FileState* file = slot->file;
  if (!file->direct) return slot->fd;
  if (file_aligned(file, slot->offset, slot->length, bytes)) return slot->fd;
  const int known = load_acquire(&file->buffered);
  if (known >= 0) return known;
  char path[32];
  snprintf(path, sizeof path, "/proc/self/fd/%d", slot->fd);
  const int32_t once = layout::FILE_CREATE | layout::FILE_EXCLUSIVE | layout::FILE_TRUNCATE |
                       layout::FILE_NO_FOLLOW;
  const int opened = system_open(path, kernel_flags(file->flags & ~once), 0);
  if (opened < 0) return opened;
  if (replace(&file->buffered, -1, opened)) return opened;
  system_close(opened);
  return load_acquire(&file->buffered);
}

int64_t run_read(Request* request) {
  Slot* slot = slot_of(request);
  const int fd = transfer_descriptor(slot, slot->bytes);
  if (fd < 0) return fd;
  return system_read_at(fd, slot->bytes, slot->length, slot->offset);
}

int64_t run_write(Request* request) {
  Slot* slot = slot_of(request);
  const int fd = transfer_descriptor(slot, slot->from);
  if (fd < 0) return fd;
  return system_write_at(fd, slot->from, slot->length, slot->offset);
}

int64_t run_sync(Request* request) { return system_sync(slot_of(request)->fd); }

int64_t run_sync_data(Request* request) { return system_sync_data(slot_of(request)->fd); }

int64_t run_truncate(Request* request) {
  const Slot* slot = slot_of(request);
  return system_truncate(slot->fd, slot->offset);
}

void put(uint8_t* bytes, uint32_t offset, uint64_t value) {
  memcpy(bytes + offset, &value, sizeof value);
}

/** 64 bits reach from 1677 to 2262, file systems further: then the last that can be said. */
uint64_t nanoseconds(const struct statx_timestamp* time) {
  int64_t result;
  if (__builtin_mul_overflow(time->tv_sec, INT64_C(1000000000), &result) ||
      __builtin_add_overflow(result, time->tv_nsec, &result)) {
    result = time->tv_sec < 0 ? INT64_MIN : INT64_MAX;
  }
  return static_cast<uint64_t>(result);
}

int64_t run_stat(Request* request) {
  const Slot* slot = slot_of(request);
  struct statx status;
  const unsigned mask = STATX_BASIC_STATS | STATX_BTIME;
  const int result = system_extended_status(slot->fd, mask, &status);
  if (result < 0) return result;
  uint8_t* bytes = slot->bytes;
  put(bytes, layout::STAT_DEVICE, makedev(status.stx_dev_major, status.stx_dev_minor));
  put(bytes, layout::STAT_INODE, status.stx_ino);
  put(bytes, layout::STAT_MODE, status.stx_mode);
  put(bytes, layout::STAT_LINKS, status.stx_nlink);
  put(bytes, layout::STAT_USER, status.stx_uid);
  put(bytes, layout::STAT_GROUP, status.stx_gid);
  put(bytes, layout::STAT_LENGTH, status.stx_size);
  put(bytes, layout::STAT_BLOCK_SIZE, status.stx_blksize);
  put(bytes, layout::STAT_BLOCKS, status.stx_blocks);
  put(bytes, layout::STAT_ACCESSED, nanoseconds(&status.stx_atime));
  put(bytes, layout::STAT_MODIFIED, nanoseconds(&status.stx_mtime));
  put(bytes, layout::STAT_CHANGED, nanoseconds(&status.stx_ctime));
  const bool born = status.stx_mask & STATX_BTIME;
  put(bytes, layout::STAT_BORN, nanoseconds(born ? &status.stx_btime : &status.stx_ctime));
  return layout::STAT_SIZE;
}

/** The kernel's entries (getdents64(2)), rewritten in place: ours are never longer. */
uint32_t rewrite_entries(uint8_t* bytes, uint32_t length) {
  uint32_t from = 0;
  uint32_t to = 0;
  while (from < length) {
    struct dirent64 entry;
    memcpy(&entry, bytes + from, offsetof(struct dirent64, d_name));
    const auto* name = reinterpret_cast<const char*>(bytes + from) +
                       offsetof(struct dirent64, d_name);
    from += entry.d_reclen;
    if (strcmp(name, ".") == 0 || strcmp(name, "..") == 0) continue;
    const auto size = static_cast<uint16_t>(strlen(name));
    memmove(bytes + to + layout::ENTRY_HEAD, name, size);
    put(bytes, to + layout::ENTRY_INODE, entry.d_ino);
    put(bytes, to + layout::ENTRY_TYPE, entry.d_type);
    memcpy(bytes + to + layout::ENTRY_LENGTH, &size, sizeof size);
    to += layout::ENTRY_HEAD + size;
    while (to % 8 != 0) bytes[to++] = 0;
  }
  return to;
}

int64_t run_list(Request* request) {
  const Slot* slot = slot_of(request);
  for (;;) {
    const long read = system_entries(slot->fd, slot->bytes, slot->length);
    if (read <= 0) return read;
    const uint32_t kept = rewrite_entries(slot->bytes, static_cast<uint32_t>(read));
    // Nothing but the directory and its parent: that is not the end.
    if (kept > 0) return kept;
  }
}

}  // namespace

bool file_aligned(const FileState* file, uint64_t offset, uint32_t length, const uint8_t* bytes) {
  return ((offset | length) & (file->align_offset - 1)) == 0 &&
         (reinterpret_cast<uintptr_t>(bytes) & (file->align_memory - 1)) == 0;
}

int64_t file_run_open(Request* request) {
  auto* file = reinterpret_cast<FileState*>(request);
  if (file->flags & layout::FILE_BENEATH) {
    file->fd = beneath_open(file->base, file->path, &file->linked);
    system_close(file->base);
    file->base = -1;
    if (file->fd >= 0) file->local = beneath_local(file->fd);
  } else {
    file->fd = system_open(file->path, kernel_flags(file->flags), file->mode);
  }
  if (file->fd < 0) return file->fd;
  struct stat status;
  const int known = system_status(file->fd, &status);
  if (known < 0) return known;
  file->type = status.st_mode;
  file->device = status.st_dev;
  file->inode = status.st_ino;
  if (file->flags & layout::FILE_DIRECT) go_direct(file);
  return 0;
}

int64_t (*file_job(int task))(Request*) {
  switch (task) {
    case layout::TASK_READ:
      return run_read;
    case layout::TASK_WRITE:
      return run_write;
    case layout::TASK_SYNC:
      return run_sync;
    case layout::TASK_SYNC_DATA:
      return run_sync_data;
    case layout::TASK_STAT:
      return run_stat;
    case layout::TASK_TRUNCATE:
      return run_truncate;
    case layout::TASK_LIST:
      return run_list;
    default:
      return nullptr;
  }
}

void file_free(FileState* file) {
  if (file->fd >= 0) system_close(file->fd);
  if (file->buffered >= 0) system_close(file->buffered);
  if (file->base >= 0) system_close(file->base);
  free(file);
}

}  // namespace calandria
