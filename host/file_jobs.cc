// What threads of the pool do for files: the calls that may wait for a disk. They touch their
// request, its slot and what never changes of the file.
#include <cstdlib>

#include "beneath.h"
#include "file_system.h"
#include "files.h"
#include "system.h"

namespace calandria {

namespace {

struct FlagPair {
  int32_t here;
  int kernel;
};

// The numbers in the layout are those of x86-64; other machines have others.
constexpr FlagPair FLAGS[] = {
    {layout::FILE_WRITE, O_WRONLY},         {layout::FILE_READ_WRITE, O_RDWR},
    {layout::FILE_CREATE, O_CREAT},         {layout::FILE_EXCLUSIVE, O_EXCL},
    {layout::FILE_TRUNCATE, O_TRUNC},       {layout::FILE_APPEND, O_APPEND},
    {layout::FILE_SYNC, O_SYNC},
#ifdef O_DSYNC
    {layout::FILE_SYNC_DATA, O_DSYNC},
#else
    {layout::FILE_SYNC_DATA, O_SYNC},
#endif
    {layout::FILE_DIRECTORY, O_DIRECTORY},  {layout::FILE_NO_FOLLOW, O_NOFOLLOW},
};

int kernel_flags(int32_t flags) {
  // A pipe must not hold a thread until somebody opens its other end, nor a terminal become ours.
  int result = O_CLOEXEC | O_NOCTTY | O_NONBLOCK;
#ifdef O_LARGEFILE
  result |= O_LARGEFILE;
#endif
  for (const FlagPair& pair : FLAGS) {
    if ((flags & pair.here) == pair.here) result |= pair.kernel;
  }
  return result;
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
  const int32_t once = layout::FILE_CREATE | layout::FILE_EXCLUSIVE | layout::FILE_TRUNCATE |
                       layout::FILE_NO_FOLLOW;
  const int opened = system_open_again(slot->fd, kernel_flags(file->flags & ~once));
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

int64_t run_stat(Request* request) {
  const Slot* slot = slot_of(request);
  return file_stat(slot->fd, slot->bytes);
}

int64_t run_list(Request* request) {
  const Slot* slot = slot_of(request);
  return file_list(slot->file, slot->fd, slot->bytes, slot->length);
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
  } else {
    file->fd = system_open(file->path, kernel_flags(file->flags), file->mode);
  }
  if (file->fd < 0) return file->fd;
  constexpr int32_t watchable = layout::FILE_BENEATH | layout::FILE_DIRECTORY;
  if (file->flags & watchable) file->local = file_is_local(file->fd);
  struct stat status;
  const int known = system_status(file->fd, &status);
  if (known < 0) return known;
  file->type = status.st_mode;
  file->device = status.st_dev;
  file->inode = status.st_ino;
  if (file->flags & layout::FILE_DIRECT) file_go_direct(file);
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
  file_list_end(file);
  if (file->fd >= 0) system_close(file->fd);
  if (file->buffered >= 0) system_close(file->buffered);
  if (file->base >= 0) system_close(file->base);
  free(file);
}

}  // namespace calandria
