#include "inbox.h"

#include <cstdlib>
#include <sched.h>

#include "doorbell.h"
#include "system.h"

namespace calandria {

namespace {

Share* share_of(const Descriptor* descriptor) { return static_cast<Share*>(descriptor->state); }

/** How often to let others run before a producer is left to close the descriptor, or never does. */
constexpr int YIELDS_MAX = 1000;

/**
 * Closes the descriptor, but not under a producer that is writing to it: the number may be
 * another's the moment after. A thread that was terminated there takes the descriptor with it.
 */
void retire(Share* share) {
  if (share->bell.writer < 0) return;
  const Ring* ring = &share->ring;
  bool vacant = ring_shut(ring, RING_CLOSED);
  for (int yields = 0; !vacant && yields < YIELDS_MAX; yields++) {
    sched_yield();
    vacant = ring_shut(ring, RING_CLOSED);
  }
  if (share->bell.reader != share->bell.writer) system_close(share->bell.reader);
  if (vacant || ring_shut(ring, RING_LEFT)) system_close(share->bell.writer);
  share->bell = NO_DOORBELL;
}

/**
 * Where edges are reported the eventfd is never read: each write is one. Before an answer that
 * makes the core wait for one, the sleep is announced and the ring looked at once more.
 */
int32_t inbox_receive(Shim* shim, Descriptor* descriptor, uint32_t entry, ReadRoom* room) {
  if (!read_room_ensure(room, field(shim, entry, layout::SUBMISSION_ARGUMENT))) return -ENOBUFS;
  count(&shim->memory, layout::COUNTER_HOST_RECEIVES);
  Ring* ring = &share_of(descriptor)->ring;
  const uint32_t want = field(shim, entry, layout::SUBMISSION_LENGTH);
  const uint32_t left = room->limit - room->cursor;
  const uint32_t most = want < left ? want : left;
  const uint32_t records = field(shim, entry, layout::SUBMISSION_EXTRA);
  uint8_t* target = shim->memory.base + room->cursor;
  uint32_t filled = 0;
  if (bells_are_answered(shim)) doorbell_answer(&share_of(descriptor)->bell);
  for (;;) {
    ring_wake_up(ring);
    const int32_t moved = ring_drain(ring, target + filled, most - filled, records);
    if (moved < 0) return moved;
    filled += static_cast<uint32_t>(moved);
    // Full, or no more wanted: the core asks again before it sleeps.
    if (most - filled < static_cast<uint32_t>(layout::BATCH_ROOM)) break;
    if (records != 0 && filled > 0) break;
    if (ring_filled(ring)) continue;
    ring_fall_asleep(ring);
    // What came in between may have woken nobody.
    if (!ring_filled(ring)) break;
  }
  return filled == 0 ? -EAGAIN : answer_bytes(shim, entry, room, filled);
}

int32_t inbox_sample(Shim* shim, Descriptor* descriptor, uint32_t entry) {
  store_word(&shim->memory, entry + layout::SUBMISSION_EXTRA, layout::UNKNOWN);
  return ring_count(&share_of(descriptor)->ring);
}

int32_t inbox_close(Shim*, const Descriptor* descriptor) {
  Share* share = share_of(descriptor);
  share->open = false;
  retire(share);
  return 0;
}

const Source inbox_source = {"inbox",      nullptr, inbox_receive, nullptr,
                             inbox_sample, nullptr, nullptr,       inbox_close};

Share* share_named(const Shim* shim, int32_t id) {
  Share* share = shim->shares;
  while (share != nullptr && share->id != id) share = share->next;
  return share;
}

}  // namespace

int inbox_share(Shim* shim, int32_t id, uint8_t* base, size_t size, void* keeper) {
  if (share_named(shim, id) != nullptr) return -EEXIST;
  Ring ring;
  if (!ring_open(&ring, base, size)) return -EINVAL;
  auto* share = static_cast<Share*>(malloc(sizeof(Share)));
  if (share == nullptr) return -ENOMEM;
  Doorbell bell;
  const int opened = doorbell_open(&bell);
  if (opened < 0) {
    free(share);
    return opened;
  }
  *share = Share{id, bell, false, ring, keeper, shim->shares};
  shim->shares = share;
  return bell.writer;
}

void* inbox_unshare(Shim* shim, int32_t id) {
  Share** place = &shim->shares;
  while (*place != nullptr && (*place)->id != id) place = &(*place)->next;
  Share* share = *place;
  if (share == nullptr || share->open) return nullptr;
  retire(share);
  *place = share->next;
  void* keeper = share->keeper;
  free(share);
  return keeper;
}

void* inbox_unshare_any(Shim* shim) {
  return shim->shares == nullptr ? nullptr : inbox_unshare(shim, shim->shares->id);
}

int32_t inbox_open(Shim* shim, const OpenRequest* request, ReadRoom* room) {
  Share* share = share_named(shim, request->argument);
  if (share == nullptr) return -ENOENT;
  if (share->open) return -EBUSY;
  share->open = true;
  uint8_t name[layout::PEER_SIZE] = {};
  name[layout::PEER_FAMILY] = layout::FAMILY_NONE;
  return answer_opened(shim, request, room, share->bell.reader, &inbox_source, share, name, 0);
}

}  // namespace calandria
