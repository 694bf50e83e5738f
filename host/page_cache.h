// Whether a file's range can be read without waiting for the disk.
#pragma once

#include <cstdint>

namespace calandria {

/** Only a yes is certain, and only for the moment: pages may be evicted behind it. */
bool page_cache_has(int fd, uint64_t offset, uint64_t length);

}  // namespace calandria
