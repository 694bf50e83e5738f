// From the ring of completions to the core: what each of them changes in the host comes first, and
// then they are the turn's events, as they are.
#include "uring.h"
#include "uring_calls.h"

namespace calandria {

namespace {

bool answers(const Rings* rings, uint32_t place) {
  return uring_kind(rings_completion(rings, place)->user_data) == layout::RING_ANSWER;
}

/** The core reads them where they lie; or they are copied into the event vector. */
void give_completions(const Shim* shim, uint32_t first, uint32_t total) {
  const Rings* rings = &shim->uring->rings;
  const Memory* memory = &shim->memory;
  if (rings->placed) return store_word(memory, layout::EVENT_FIRST, static_cast<int32_t>(first));
  for (uint32_t place = 0; place < total; place++) {
    memcpy(memory->base + memory->events + place * layout::RING_SIZE,
           rings_completion(rings, first + place), layout::RING_SIZE);
  }
}

}  // namespace

bool completion_noted(Shim* shim, const struct io_uring_cqe* completion) {
  Uring* uring = shim->uring;
  switch (uring_kind(completion->user_data)) {
    case layout::RING_ANSWER:
      return true;
    case layout::RING_READINESS:
    case layout::RING_ROOM:
    case layout::RING_RECEIVE:
    case layout::RING_ACCEPT:
      return watch_completed(shim, completion);
    case layout::RING_OPERATION:
      uring->outstanding--;
      operation_completed(shim, completion);
      return true;
    default:
      if (uring_generation(completion->user_data) == TIMER) {
        uring->outstanding--;
        uring->timer = false;
        shim->armed = 0;
      }
      if (uring_generation(completion->user_data) == FETCH) {
        uring->outstanding--;
        fetch_went_on(shim, completion);
      }
      return true;
  }
}

int completions_take(Shim* shim) {
  Uring* uring = shim->uring;
  Rings* rings = &uring->rings;
  const uint32_t end = rings->head + rings_waiting(rings);
  uint32_t first = rings->head;
  while (first != end && answers(rings, first)) first++;
  uint32_t place = first;
  uring->looks++;
  while (place != end && place - first < shim->vector.now &&
         completion_noted(shim, rings_completion(rings, place))) {
    place++;
  }
  rings_take(rings, place);
  const uint32_t used = place - first;
  give_completions(shim, first, used);
  vector_adapt(&shim->vector, used);
  return static_cast<int>(used);
}

}  // namespace calandria
