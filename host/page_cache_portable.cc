// mincore(2): which pages of a mapping are in memory.
#include "page_cache.h"

#include "system.h"

namespace calandria {

namespace {

/** Pages that one call is asked about. */
constexpr size_t PAGES_AT_ONCE = 256;

bool resident(int fd, uint64_t offset, size_t length, size_t page) {
  void* map = system_map(fd, offset, length);
  if (map == nullptr) return false;
  char pages[PAGES_AT_ONCE];
  const size_t total = (length + page - 1) / page;
  bool all = system_resident(map, length, pages) == 0;
  for (size_t place = 0; place < total && all; place++) all = (pages[place] & 1) != 0;
  system_unmap(map, length);
  return all;
}

}  // namespace

bool page_cache_has(int fd, uint64_t offset, uint64_t length) {
  const size_t page = system_page_size();
  const uint64_t end = offset + length;
  const uint64_t step = PAGES_AT_ONCE * page;
  for (uint64_t at = offset / page * page; at < end; at += step) {
    const uint64_t left = end - at;
    if (!resident(fd, at, static_cast<size_t>(left < step ? left : step), page)) return false;
  }
  return true;
}

}  // namespace calandria
