// fstat(2), readdir(3), and O_DIRECT or F_NOCACHE where they are.
#include "file_system.h"

#include <cstdlib>
#include <dirent.h>
#include <sched.h>

#include "files.h"
#include "system.h"

namespace calandria {

namespace {

#ifdef __APPLE__
#define STATUS_TIME(status, which) (&(status)->st_##which##timespec)
#else
#define STATUS_TIME(status, which) (&(status)->st_##which##tim)
#endif

uint64_t nanoseconds(const struct timespec* time) { return file_time(time->tv_sec, time->tv_nsec); }

/** The entry's size at `at`, once it is there; 0 when it does not fit. */
uint32_t put_entry(uint8_t* bytes, uint32_t at, uint32_t length, const struct dirent* entry) {
  const auto size = static_cast<uint16_t>(strlen(entry->d_name));
  const uint32_t whole = (layout::ENTRY_HEAD + size + 7) & ~7u;
  if (whole > length - at) return 0;
  memset(bytes + at, 0, whole);
  put_long(bytes, at + layout::ENTRY_INODE, entry->d_ino);
  put_long(bytes, at + layout::ENTRY_TYPE, entry->d_type);
  memcpy(bytes + at + layout::ENTRY_LENGTH, &size, sizeof size);
  memcpy(bytes + at + layout::ENTRY_HEAD, entry->d_name, size);
  return whole;
}

}  // namespace

struct FileListing {
  DIR* folder;
  /** Read already, but there was no room for it. */
  const struct dirent* next;
};

int64_t file_stat(int fd, uint8_t* bytes) {
  struct stat status;
  const int result = system_status(fd, &status);
  if (result < 0) return result;
  put_long(bytes, layout::STAT_DEVICE, static_cast<uint64_t>(status.st_dev));
  put_long(bytes, layout::STAT_INODE, status.st_ino);
  put_long(bytes, layout::STAT_MODE, status.st_mode);
  put_long(bytes, layout::STAT_LINKS, status.st_nlink);
  put_long(bytes, layout::STAT_USER, status.st_uid);
  put_long(bytes, layout::STAT_GROUP, status.st_gid);
  put_long(bytes, layout::STAT_LENGTH, static_cast<uint64_t>(status.st_size));
  put_long(bytes, layout::STAT_BLOCK_SIZE, static_cast<uint64_t>(status.st_blksize));
  put_long(bytes, layout::STAT_BLOCKS, static_cast<uint64_t>(status.st_blocks));
  put_long(bytes, layout::STAT_ACCESSED, nanoseconds(STATUS_TIME(&status, a)));
  put_long(bytes, layout::STAT_MODIFIED, nanoseconds(STATUS_TIME(&status, m)));
  put_long(bytes, layout::STAT_CHANGED, nanoseconds(STATUS_TIME(&status, c)));
#if defined(__OpenBSD__) || defined(__linux__)
  // Nobody says when it was made.
  put_long(bytes, layout::STAT_BORN, nanoseconds(STATUS_TIME(&status, c)));
#else
  put_long(bytes, layout::STAT_BORN, nanoseconds(STATUS_TIME(&status, birth)));
#endif
  return layout::STAT_SIZE;
}

namespace {

/** 0, or -errno. */
int listing_open(FileState* file, int fd) {
  if (file->listing != nullptr) return 0;
  const int own = system_duplicate(fd, 0);
  if (own < 0) return own;
  auto* listing = static_cast<FileListing*>(calloc(1, sizeof(FileListing)));
  if (listing != nullptr) listing->folder = fdopendir(own);
  if (listing == nullptr || listing->folder == nullptr) {
    const int error = listing == nullptr ? ENOMEM : errno;
    free(listing);
    system_close(own);
    return -error;
  }
  file->listing = listing;
  return 0;
}

int64_t listing_read(FileListing* listing, uint8_t* bytes, uint32_t length) {
  uint32_t filled = 0;
  for (;;) {
    errno = 0;
    const struct dirent* entry = listing->next;
    if (entry == nullptr) entry = readdir(listing->folder);
    if (entry == nullptr) return errno != 0 && filled == 0 ? -errno : filled;
    listing->next = nullptr;
    if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0) continue;
    const uint32_t size = put_entry(bytes, filled, length, entry);
    if (size == 0) {
      listing->next = entry;
      return filled > 0 ? static_cast<int64_t>(filled) : -EINVAL;
    }
    filled += size;
  }
}

}  // namespace

int64_t file_list(FileState* file, int fd, uint8_t* bytes, uint32_t length) {
  // Two operations on one folder may be under way, and it has one place where reading stands.
  while (!replace(&file->listing_taken, 0, 1)) sched_yield();
  int64_t result = listing_open(file, fd);
  if (result == 0) result = listing_read(file->listing, bytes, length);
  store_release(&file->listing_taken, 0);
  return result;
}

void file_list_end(FileState* file) {
  if (file->listing == nullptr) return;
  closedir(file->listing->folder);
  free(file->listing);
  file->listing = nullptr;
}

/** What is not aligned goes through the page cache by itself on these systems. */
void file_go_direct(FileState* file) {
  file->align_memory = 1;
  file->align_offset = 1;
  file->direct = system_go_direct(file->fd) == 0;
}

bool file_is_local(int fd) { return system_is_local(fd); }

}  // namespace calandria
