#include "path_records.h"

#include <cstdlib>
#include <cstring>

#include "layout.h"

namespace calandria {

namespace {

constexpr uint32_t HEAD = layout::PATH_HEAD;
constexpr uint32_t ROOM = 64 << 10;

uint32_t padded(uint32_t length) { return (length + HEAD - 1) / HEAD * HEAD; }

/** False when there is no room for so many bytes, and one more head. */
bool room_for(PathRecords* records, uint32_t size) {
  if (records->bytes == nullptr) records->bytes = static_cast<uint8_t*>(malloc(ROOM));
  if (records->bytes == nullptr) return false;
  if (records->end + size + HEAD <= ROOM) return true;
  const uint32_t left = records->end - records->start;
  memmove(records->bytes, records->bytes + records->start, left);
  records->start = 0;
  records->end = left;
  return left + size + HEAD <= ROOM;
}

void append(PathRecords* records, uint32_t mask, uint32_t cookie, const char* name,
            uint32_t length) {
  const int32_t watch = 1;
  uint8_t* at = records->bytes + records->end;
  memset(at, 0, HEAD + length);
  memcpy(at, &watch, sizeof watch);
  memcpy(at + 4, &mask, sizeof mask);
  memcpy(at + 8, &cookie, sizeof cookie);
  memcpy(at + layout::PATH_LENGTH, &length, sizeof length);
  if (name != nullptr) memcpy(at + HEAD, name, strlen(name));
  records->end += HEAD + length;
}

}  // namespace

void path_records_put(PathRecords* records, uint32_t mask, uint32_t cookie, const char* name) {
  const uint32_t length =
      name == nullptr ? 0 : padded(static_cast<uint32_t>(strlen(name)) + 1);
  if (!records->overflowed && room_for(records, HEAD + length)) {
    append(records, mask, cookie, name, length);
  } else if (!records->overflowed && records->bytes != nullptr) {
    // For this one there is always room.
    append(records, PATH_OVERFLOW, 0, nullptr, 0);
    records->overflowed = true;
  }
}

uint32_t path_records_take(PathRecords* records, uint8_t* target, uint32_t most, uint32_t count) {
  uint32_t size = 0;
  for (uint32_t taken = 0; count == 0 || taken < count; taken++) {
    const uint32_t at = records->start + size;
    if (at == records->end) break;
    uint32_t length;
    memcpy(&length, records->bytes + at + layout::PATH_LENGTH, sizeof length);
    if (size + HEAD + length > most) break;
    size += HEAD + length;
  }
  if (size == 0) return 0;
  memcpy(target, records->bytes + records->start, size);
  records->start += size;
  if (records->start == records->end) {
    records->start = 0;
    records->end = 0;
    records->overflowed = false;
  }
  return size;
}

void path_records_free(PathRecords* records) {
  free(records->bytes);
  *records = PathRecords{};
}

}  // namespace calandria
