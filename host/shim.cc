#include "shim.h"

#include <cstdlib>

#include "aio.h"
#include "compiler.h"
#include "completions.h"
#include "datagrams.h"
#include "errors.h"
#include "execute.h"
#include "slots.h"
#include "processes.h"
#include "source.h"
#include "system.h"
#include "warmth.h"

namespace calandria {

uint64_t shim_now() { return system_now(); }

int descriptor_keep(Shim* shim, uint32_t record, uint32_t generation, int fd, const Source* source,
                    void* state) {
  if (record >= shim->memory.records_max) return -EPROTO;
  Descriptor* descriptor = &shim->descriptors[record];
  if (descriptor->fd >= 0) return -EEXIST;
  descriptor->fd = fd;
  descriptor->generation = generation;
  descriptor->source = source;
  descriptor->state = state;
  descriptor->given = false;
  return 0;
}

bool descriptor_known(const Shim* shim, int fd) {
  uint32_t record = 0;
  while (record < shim->memory.records_max && shim->descriptors[record].fd != fd) record++;
  return record < shim->memory.records_max;
}

int32_t descriptor_close(Shim* shim, uint32_t record) {
  // Out of the table before the kernel may give the number to somebody else.
  const Descriptor closing = shim->descriptors[record];
  if (shim->interface->forget != nullptr) shim->interface->forget(shim, record);
  shim->descriptors[record].fd = -1;
  shim->descriptors[record].state = nullptr;
  if (closing.source->close != nullptr) return closing.source->close(shim, &closing);
  return static_cast<int32_t>(system_close(closing.fd));
}

const char* shim_open(Shim* shim, const Interface* interface, const ShimOptions* options,
                      uint8_t* base, size_t size, int* error) {
  *error = 0;
  shim->interface = interface;
  shim->descriptors = nullptr;
  shim->notifier = -1;
  shim->nest = {};
  shim->levels = nullptr;
  shim->realtime = nullptr;
  shim->registrations = nullptr;
  shim->uring = nullptr;
  shim->entries = options->entries;
  shim->roused = false;
  shim->nest.total = options->notifiers;
  shim->nest.last = options->notifiers - 1;
  for (int& notifier : shim->nest.notifiers) notifier = -1;
  shim->kqueue = nullptr;
  shim->timer = -1;
  shim->armed = 0;
  shim->called = false;
  shim->restless = 0;
  shim->interrupted = 0;
  shim->datagrams = nullptr;
  shim->file_streams = nullptr;
  shim->shares = nullptr;
  shim->loop = nullptr;
  shim->handles = 0;
  for (int& fd : shim->spawned) fd = -1;
  shim->left = nullptr;
  shim->released = nullptr;
  shim->completions = nullptr;
  shim->slots = nullptr;
  shim->warmth = nullptr;
  const char* wrong = memory_open(&shim->memory, base, size);
  if (wrong != nullptr) return wrong;
  vector_open(&shim->vector, shim->memory.events_max, options->adaptive);
  const size_t records = shim->memory.records_max;
  shim->descriptors = static_cast<Descriptor*>(malloc(records * sizeof(Descriptor)));
  if (shim->descriptors == nullptr) return "out of memory for the descriptor table";
  for (size_t record = 0; record < records; record++) {
    shim->descriptors[record] = Descriptor{-1, 0, nullptr, nullptr};
  }
  *error = interface->open(shim);
  if (*error < 0) {
    shim_close(shim);
    return "the kernel refused the notifier";
  }
  return nullptr;
}

CALANDRIA_HOT int shim_submit(Shim* shim) {
  const Memory* memory = &shim->memory;
  const uint32_t total = load_unsigned(memory, layout::SUBMISSION_COUNT);
  void (*flush)(Shim*) = shim->interface->flush;
  if (total == 0 && flush == nullptr) return 0;
  if (total > memory->submissions_max) return -EPROTO;
  ReadRoom room;
  if (!read_room_open(&room, memory)) return -EPROTO;
  shim->fell_short = false;
  int32_t before = 0;
  for (uint32_t place = 0; place < total; place++) {
    const uint32_t entry = memory->submissions + place * layout::SUBMISSION_SIZE;
    int32_t result;
    const uint8_t flags = memory->base[entry + layout::SUBMISSION_FLAGS];
    if ((flags & layout::SUBMISSION_LINKED) && before < 0) {
      result = -layout::ERROR_CANCELED;
    } else {
      result = static_cast<int32_t>(seam_result(execute(shim, entry, &room)));
    }
    before = result;
    if (result == ANSWERED_LATER) continue;
    store_word(memory, entry + layout::SUBMISSION_RESULT, result);
    if (shim->interface->answered != nullptr) shim->interface->answered(shim, entry, result);
    if (memory->base[entry + layout::SUBMISSION_OPERATION] == layout::OPERATION_SEND &&
        result != load_word(memory, entry + layout::SUBMISSION_LENGTH)) {
      shim->fell_short = true;
    }
  }
  aio_flush(shim);
  if (flush != nullptr) flush(shim);
  store_word(memory, layout::SUBMISSION_DONE, static_cast<int32_t>(total));
  store_long(memory, layout::COUNTER_HOST_INTERRUPTED, shim->interrupted);
  return shim->fell_short ? 1 : 0;
}

void shim_close(Shim* shim) {
  // First what still uses the descriptors and the memory.
  if (shim->interface->finish != nullptr) shim->interface->finish(shim);
  completions_close(shim);
  slots_close(shim);
  warm_close(shim);
  if (shim->descriptors != nullptr) {
    for (uint32_t record = 0; record < shim->memory.records_max; record++) {
      if (shim->descriptors[record].fd >= 0) descriptor_close(shim, record);
    }
    free(shim->descriptors);
    shim->descriptors = nullptr;
  }
  datagram_room_free(shim);
  processes_close(shim);
  shim->interface->close(shim);
}

}  // namespace calandria
