// statx(2), getdents64(2) and O_DIRECT.
#include "file_system.h"

#include <cstddef>
#include <dirent.h>
#include <sys/sysmacros.h>

#include "files.h"
#include "system.h"

namespace calandria {

namespace {

/** Where the kernel does not say what direct transfers must be aligned to. */
constexpr uint32_t PAGE = 4096;

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

uint64_t nanoseconds(const struct statx_timestamp* time) {
  return file_time(time->tv_sec, time->tv_nsec);
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
    put_long(bytes, to + layout::ENTRY_INODE, entry.d_ino);
    put_long(bytes, to + layout::ENTRY_TYPE, entry.d_type);
    memcpy(bytes + to + layout::ENTRY_LENGTH, &size, sizeof size);
    to += layout::ENTRY_HEAD + size;
    while (to % 8 != 0) bytes[to++] = 0;
  }
  return to;
}

}  // namespace

/**
 * Behind the open: asked for in the open itself, a file system without direct transfers refuses
 * after it has created the file (open(2), BUGS). Then it is served through the page cache.
 */
void file_go_direct(FileState* file) {
  const int flags = system_flags(file->fd);
  file->direct = flags >= 0 && system_set_flags(file->fd, flags | O_DIRECT) == 0;
  if (file->direct) find_alignment(file);
}

int64_t file_stat(int fd, uint8_t* bytes) {
  struct statx status;
  const unsigned mask = STATX_BASIC_STATS | STATX_BTIME;
  const int result = system_extended_status(fd, mask, &status);
  if (result < 0) return result;
  put_long(bytes, layout::STAT_DEVICE, makedev(status.stx_dev_major, status.stx_dev_minor));
  put_long(bytes, layout::STAT_INODE, status.stx_ino);
  put_long(bytes, layout::STAT_MODE, status.stx_mode);
  put_long(bytes, layout::STAT_LINKS, status.stx_nlink);
  put_long(bytes, layout::STAT_USER, status.stx_uid);
  put_long(bytes, layout::STAT_GROUP, status.stx_gid);
  put_long(bytes, layout::STAT_LENGTH, status.stx_size);
  put_long(bytes, layout::STAT_BLOCK_SIZE, status.stx_blksize);
  put_long(bytes, layout::STAT_BLOCKS, status.stx_blocks);
  put_long(bytes, layout::STAT_ACCESSED, nanoseconds(&status.stx_atime));
  put_long(bytes, layout::STAT_MODIFIED, nanoseconds(&status.stx_mtime));
  put_long(bytes, layout::STAT_CHANGED, nanoseconds(&status.stx_ctime));
  const bool born = status.stx_mask & STATX_BTIME;
  put_long(bytes, layout::STAT_BORN, nanoseconds(born ? &status.stx_btime : &status.stx_ctime));
  return layout::STAT_SIZE;
}

int64_t file_list(FileState*, int fd, uint8_t* bytes, uint32_t length) {
  for (;;) {
    const long read = system_entries(fd, bytes, length);
    if (read <= 0) return read;
    const uint32_t kept = rewrite_entries(bytes, static_cast<uint32_t>(read));
    // Nothing but the directory and its parent: that is not the end.
    if (kept > 0) return kept;
  }
}

void file_list_end(FileState*) {}

bool file_is_local(int fd) {
  struct statfs status;
  if (system_file_system(fd, &status) < 0) return false;
  // <linux/magic.h>. Whatever is not known to be local may be changed from elsewhere.
  switch (static_cast<uint32_t>(status.f_type)) {
    case 0xef53:      // ext2, ext3, ext4
    case 0x58465342:  // XFS
    case 0x9123683e:  // Btrfs
    case 0xf2f52010:  // F2FS
    case 0x2fc12fc1:  // ZFS
    case 0x01021994:  // tmpfs
    case 0x858458f6:  // ramfs
    case 0x794c7630:  // overlayfs
    case 0x73717368:  // squashfs
    case 0xe0f5e1e2:  // EROFS
    case 0x9660:      // ISO 9660
      return true;
    default:
      return false;
  }
}

}  // namespace calandria
