#include "slots.h"

#include <cstdlib>

#include "completions.h"
#include "errors.h"
#include "shim.h"
#include "system.h"

namespace calandria {

namespace {

constexpr uint32_t PAGE = 4096;

bool slots_open(Shim* shim) {
  const size_t total = shim->memory.tasks_flying_max;
  const size_t size = slots_bytes(shim);
  auto* slots = static_cast<Slots*>(calloc(1, sizeof(Slots)));
  if (slots == nullptr) return false;
  slots->all = static_cast<Slot*>(calloc(total, sizeof(Slot)));
  slots->area_size = total * size;
  void* area = slots->all == nullptr ? nullptr : system_reserve(slots->area_size);
  if (area == nullptr) {
    free(slots->all);
    free(slots);
    return false;
  }
  slots->area = static_cast<uint8_t*>(area);
  for (size_t place = total; place-- > 0;) {
    Slot* slot = &slots->all[place];
    slot->bytes = slots->area + place * size;
    slot->next = slots->free;
    slots->free = slot;
  }
  shim->slots = slots;
  return true;
}

}  // namespace

uint32_t slots_bytes(const Shim* shim) { return shim->memory.read_segment_size - PAGE; }

Slot* slot_take(Shim* shim) {
  if (shim->slots == nullptr && !slots_open(shim)) return nullptr;
  Slot* slot = shim->slots->free;
  if (slot != nullptr) shim->slots->free = slot->next;
  return slot;
}

void slot_give(Shim* shim, Slot* slot) {
  slot->next = shim->slots->free;
  shim->slots->free = slot;
}

void slot_answer(Shim* shim, Slot* slot, int result) {
  store_word(&shim->memory, slot->entry + layout::SUBMISSION_RESULT,
             static_cast<int32_t>(seam_result(result)));
  slot_give(shim, slot);
}

void slot_reroute(Shim* shim, Slot* slot) {
  const int result = completions_start(shim, &slot->request);
  if (result < 0) slot_answer(shim, slot, result);
}

void slots_close(Shim* shim) {
  if (shim->slots == nullptr) return;
  system_unmap(shim->slots->area, shim->slots->area_size);
  free(shim->slots->all);
  free(shim->slots);
  shim->slots = nullptr;
}

}  // namespace calandria
