#include "source.h"

#include "system.h"

namespace calandria {

int32_t answer_name(Shim* shim, uint32_t entry, ReadRoom* room, const uint8_t* name) {
  memcpy(shim->memory.base + room->cursor, name, layout::PEER_SIZE);
  answer_bytes(shim, entry, room, layout::PEER_SIZE);
  return 0;
}

int32_t answer_bytes(Shim* shim, uint32_t entry, ReadRoom* room, uint32_t length) {
  store_word(&shim->memory, entry + layout::SUBMISSION_EXTRA, static_cast<int32_t>(room->cursor));
  room->cursor += length;
  return static_cast<int32_t>(length);
}

int32_t answer_opened(Shim* shim, const OpenRequest* request, ReadRoom* room, int fd,
                      const Source* source, void* state, const uint8_t* name, int32_t result) {
  const int kept =
      descriptor_keep(shim, request->record, request->generation, fd, source, state);
  if (kept < 0) {
    const Descriptor unkept = {fd, request->generation, source, state};
    if (source->close != nullptr) source->close(shim, &unkept);
    else system_close(fd);
    return kept;
  }
  // From here on the table owns it: a failure is cleaned up by the close that follows.
  const int attached =
      shim->interface->attach(shim, fd, request->record, request->generation, false);
  if (attached < 0) return attached;
  answer_name(shim, request->entry, room, name);
  return result;
}

}  // namespace calandria
