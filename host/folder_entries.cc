#include "folder_entries.h"

#include <cstdlib>
#include <cstring>
#include <dirent.h>

#include "system_kqueue.h"

namespace calandria {

namespace {

FolderEntry* named(const Folder* folder, const char* name, uint64_t inode) {
  FolderEntry* entry = folder->first;
  while (entry != nullptr && (entry->inode != inode || strcmp(entry->name, name) != 0)) {
    entry = entry->next;
  }
  return entry;
}

/** One that was there under another name, and is not any more. */
FolderEntry* moved(const Folder* folder, uint64_t inode) {
  FolderEntry* entry = folder->first;
  while (entry != nullptr && (entry->seen || entry->inode != inode)) entry = entry->next;
  return entry;
}

bool taken_over(const Folder* fresh, const char* name) {
  const FolderEntry* entry = fresh->first;
  while (entry != nullptr && strcmp(entry->name, name) != 0) entry = entry->next;
  return entry != nullptr;
}

void entry_free(Folder* folder, FolderEntry* entry) {
  if (entry->fd >= 0) {
    const auto ident = static_cast<uintptr_t>(entry->fd);
    const struct kevent change = kevent_of(ident, EVFILT_VNODE, EV_DELETE, 0, 0, 0);
    system_change(folder->queue, &change);
    system_close(entry->fd);
    folder->watched--;
  }
  free(entry);
}

FolderEntry* entry_create(const struct dirent* found) {
  const size_t length = strlen(found->d_name) + 1;
  auto* entry = static_cast<FolderEntry*>(malloc(sizeof(FolderEntry) + length));
  if (entry == nullptr) return nullptr;
  entry->inode = found->d_ino;
  entry->fd = -1;
  entry->seen = false;
  memcpy(entry->name, found->d_name, length);
  return entry;
}

/** What is there and was not, by this name; -E2BIG when it is too much. */
int find_new(Folder* folder, DIR* listing, Folder* fresh) {
  const struct dirent* found;
  while ((found = readdir(listing)) != nullptr) {
    if (strcmp(found->d_name, ".") == 0 || strcmp(found->d_name, "..") == 0) continue;
    FolderEntry* known = named(folder, found->d_name, found->d_ino);
    if (known != nullptr) {
      known->seen = true;
      continue;
    }
    if (folder->total + fresh->total >= FOLDER_ENTRIES_MAX) return -E2BIG;
    FolderEntry* entry = entry_create(found);
    if (entry == nullptr) return -ENOMEM;
    entry->next = fresh->first;
    fresh->first = entry;
    fresh->total++;
  }
  return 0;
}

void tell_new(Folder* folder, FolderEntry* entry, PathRecords* records) {
  FolderEntry* before = moved(folder, entry->inode);
  if (before == nullptr) return path_records_put(records, PATH_CREATE, 0, entry->name);
  const uint32_t cookie = ++records->cookie;
  path_records_put(records, PATH_MOVED_FROM, cookie, before->name);
  path_records_put(records, PATH_MOVED_TO, cookie, entry->name);
  // It is told of; and the file is the same one, so it stays watched.
  before->seen = true;
  before->inode = 0;
  entry->fd = before->fd;
  before->fd = -1;
}

/** Takes out what is gone, and tells of it unless it is told of already. */
void drop_gone(Folder* folder, const Folder* fresh, PathRecords* records) {
  FolderEntry** place = &folder->first;
  while (*place != nullptr) {
    FolderEntry* entry = *place;
    const bool renamed = entry->inode == 0;
    if (entry->seen && !renamed) {
      entry->seen = false;
      place = &entry->next;
      continue;
    }
    // Another file took its name: inotify(7) says so of that one alone.
    const bool replaced = taken_over(fresh, entry->name);
    if (records != nullptr && !renamed && !replaced) {
      path_records_put(records, PATH_DELETE, 0, entry->name);
    }
    *place = entry->next;
    folder->total--;
    entry_free(folder, entry);
  }
}

}  // namespace

int folder_look(Folder* folder, int fd, PathRecords* records, WatchEntry watch, void* context) {
  const int own = system_open_folder(fd);
  if (own < 0) return own;
  DIR* listing = fdopendir(own);
  if (listing == nullptr) {
    const int error = -errno;
    system_close(own);
    return error;
  }
  Folder fresh = {};
  const int result = find_new(folder, listing, &fresh);
  closedir(listing);
  if (records != nullptr) {
    for (FolderEntry* entry = fresh.first; entry != nullptr; entry = entry->next) {
      tell_new(folder, entry, records);
    }
  }
  drop_gone(folder, &fresh, result < 0 ? nullptr : records);
  while (fresh.first != nullptr) {
    FolderEntry* entry = fresh.first;
    fresh.first = entry->next;
    entry->next = folder->first;
    folder->first = entry;
    folder->total++;
    if (entry->fd >= 0 || folder->watched >= FOLDER_WATCHED_MAX) continue;
    entry->fd = watch(context, fd, entry);
    if (entry->fd >= 0) folder->watched++;
  }
  return result;
}

void folder_free(Folder* folder) {
  while (folder->first != nullptr) {
    FolderEntry* entry = folder->first;
    folder->first = entry->next;
    entry_free(folder, entry);
  }
  folder->watched = 0;
  folder->total = 0;
}

}  // namespace calandria
