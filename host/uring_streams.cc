// Connections. What was received ahead is handed on where it lies, if it lies behind what this
// queue's RECEIVEs had of the same segment before: the core wants what a turn delivers packed.
// Else, and for whoever does not want all that comes, it is read or copied to where the core says.
#include <cerrno>

#include "outgoing.h"
#include "send_file.h"
#include "system.h"
#include "uring.h"
#include "uring_calls.h"

namespace calandria {

namespace {

/** All of it, where it lies; null when it has to be copied. */
const Run* run_in_place(Shim* shim, const Watch* watch, LentSegment** segment) {
  Uring* uring = shim->uring;
  // A short answer says that no more is there. While nothing is asked ahead the kernel may have
  // more, and may have said so already.
  if (watch->stash != nullptr || (watch->ahead == Asked::no && !watch->ended)) return nullptr;
  const Run* run = &uring->runs[watch->first];
  *segment = buffers_segment(&uring->buffers, &shim->memory, run->address);
  const bool begins = (*segment)->answered_in != uring->queues;
  if (!begins && (*segment)->answered_end != run->address) return nullptr;
  if (run->next == NOBODY) return run;
  // More waits: only a run that ends with its segment says so by itself.
  const uint32_t place = (run->address - shim->memory.read_arena) + run->length;
  return place % shim->memory.read_segment_size == 0 ? run : nullptr;
}

int32_t give_in_place(Shim* shim, Watch* watch, uint32_t entry, LentSegment* segment,
                      uint32_t want) {
  Uring* uring = shim->uring;
  Run* run = &uring->runs[watch->first];
  const uint32_t length = run->length < want ? run->length : want;
  store_word(&shim->memory, entry + layout::SUBMISSION_EXTRA, static_cast<int32_t>(run->address));
  run->address += length;
  run->length -= length;
  segment->answered_in = uring->queues;
  segment->answered_end = run->address;
  if (run->length == 0) {
    segment->runs--;
    run_drop(uring, watch);
  }
  return static_cast<int32_t>(length);
}

/** Copies what waits, and reads on behind it if nothing else would tell of what follows. */
int32_t give_copied(Shim* shim, Watch* watch, uint32_t entry, ReadRoom* room, uint32_t want) {
  if (!read_room_ensure(room, field(shim, entry, layout::SUBMISSION_ARGUMENT))) return -ENOBUFS;
  const uint32_t left = room->limit - room->cursor;
  const uint32_t most = want < left ? want : left;
  uint8_t* to = shim->memory.base + room->cursor;
  uint32_t length = runs_take(shim, watch, to, most);
  while (length < most && watch->ahead == Asked::no && !watch->ended) {
    count(&shim->memory, layout::COUNTER_HOST_RECEIVES);
    const long result =
        system_receive(&shim->interrupted, watch->fd, to + length, most - length);
    if (result > 0) {
      // Behind urgent data there may be more, and nobody tells of that (see EVERYTHING).
      length += static_cast<uint32_t>(result);
      continue;
    }
    if (result == 0 || result == -EAGAIN || length == 0) {
      if (length == 0) return static_cast<int32_t>(result);
      break;
    }
    // It comes after the bytes, and the kernel says it only once.
    watch->ended = true;
    watch->ending = static_cast<int32_t>(result);
  }
  return length == 0 ? -EAGAIN : answer_bytes(shim, entry, room, length);
}

int32_t receive(Shim* shim, Descriptor* descriptor, uint32_t entry, ReadRoom* room) {
  const uint32_t record = field(shim, entry, layout::SUBMISSION_RECORD);
  Watch* watch = watch_of(shim, record, descriptor->generation);
  if (watch == nullptr) return stream_source.receive(shim, descriptor, entry, room);
  const uint32_t want = field(shim, entry, layout::SUBMISSION_LENGTH);
  const bool waits = watch->first != NOBODY || watch->stash != nullptr;
  if (!waits && watch->ended) return watch->ending;
  // What comes while it is asked ahead, or was taken back and has not ended, comes in that order.
  if (!waits && watch->ahead != Asked::no) return -EAGAIN;
  LentSegment* segment = nullptr;
  if (watch->first != NOBODY && run_in_place(shim, watch, &segment) != nullptr) {
    return give_in_place(shim, watch, entry, segment, want);
  }
  const int32_t result = give_copied(shim, watch, entry, room, want);
  const uint8_t flags = shim->memory.base[entry + layout::SUBMISSION_FLAGS];
  if ((flags & layout::SUBMISSION_AHEAD) != 0 && (result > 0 || result == -EAGAIN)) {
    stream_ahead(shim, record, watch);
  }
  return result;
}

void note_short(Shim* shim, uint32_t entry, uint32_t generation, bool blocked) {
  const uint32_t record = field(shim, entry, layout::SUBMISSION_RECORD);
  Watch* watch = blocked ? watch_of(shim, record, generation) : nullptr;
  if (watch != nullptr) watch_for_room(shim, record, watch);
}

/** The pieces as vectors behind those in use; how many, or -EPROTO. */
int gather(Uring* uring, Outgoing* outgoing) {
  int total = 0;
  while (outgoing->left > 0) {
    uint32_t length;
    const int used = outgoing_take(outgoing, uring->vectors + uring->vectors_used + total, &length);
    if (used <= 0) return -EPROTO;
    total += used;
  }
  return total;
}

/** By a system call of its own. */
int32_t send_now(Shim* shim, Descriptor* descriptor, uint32_t entry, Outgoing* outgoing) {
  const uint32_t length = outgoing->left;
  const long result = outgoing_send(outgoing, shim, descriptor->fd, 0);
  const bool blocked = result == -EAGAIN || (result >= 0 && result < length);
  note_short(shim, entry, descriptor->generation, blocked);
  return static_cast<int32_t>(result);
}

int32_t send(Shim* shim, Descriptor* descriptor, uint32_t place) {
  Uring* uring = shim->uring;
  Outgoing outgoing;
  if (!outgoing_open(&outgoing, shim, place)) return -EPROTO;
  if (!uring_room_for_send(shim, outgoing.pieces)) {
    return send_now(shim, descriptor, place, &outgoing);
  }
  struct iovec* vectors = uring->vectors + uring->vectors_used;
  const int total = gather(uring, &outgoing);
  if (total <= 0) return -EPROTO;
  struct io_uring_sqe* entry = uring_entry(shim, 1);
  entry->fd = descriptor->fd;
  entry->msg_flags = MSG_DONTWAIT | MSG_NOSIGNAL;
  entry->user_data = uring_data(layout::RING_ANSWER, 0, place);
  if (total == 1) {
    entry->opcode = IORING_OP_SEND;
    entry->addr = reinterpret_cast<uintptr_t>(vectors->iov_base);
    entry->len = static_cast<uint32_t>(vectors->iov_len);
  } else {
    struct msghdr* message = &uring->messages[uring->messages_used++];
    *message = {};
    message->msg_iov = vectors;
    message->msg_iovlen = static_cast<size_t>(total);
    entry->opcode = IORING_OP_SENDMSG;
    entry->addr = reinterpret_cast<uintptr_t>(message);
    entry->len = 1;
    uring->vectors_used += static_cast<uint32_t>(total);
  }
  uring->answers++;
  return ANSWERED_LATER;
}

int32_t send_a_file(Shim* shim, Descriptor* descriptor, uint32_t entry) {
  const int32_t result = send_file(shim, descriptor, entry);
  const int32_t marks = load_word(&shim->memory, entry + layout::SUBMISSION_EXTRA);
  const bool blocked =
      result == -EAGAIN || (result >= 0 && (marks & layout::SENT_BLOCKED) != 0);
  note_short(shim, entry, descriptor->generation, blocked);
  return result;
}

int32_t sample(Shim* shim, Descriptor* descriptor, uint32_t entry) {
  // The figures are those after this queue's sends.
  uring_hand_over(shim, false);
  const int32_t result = stream_source.sample(shim, descriptor, entry);
  const Watch* watch =
      watch_of(shim, field(shim, entry, layout::SUBMISSION_RECORD), descriptor->generation);
  if (watch == nullptr) return result;
  const auto waiting = static_cast<int32_t>(runs_bytes(shim->uring, watch));
  return result < 0 && waiting == 0 ? result : (result > 0 ? result : 0) + waiting;
}

Source make_stream() {
  Source source = stream_source;
  source.receive = receive;
  source.send = send;
  source.sample = sample;
  source.send_file = send_a_file;
  return source;
}

}  // namespace

const Source uring_stream = make_stream();

void stream_ahead(Shim* shim, uint32_t record, Watch* watch) {
  if (shim->uring->buffers.with_kernel == 0) return;
  struct io_uring_sqe* entry = watch_ahead(shim, record, watch, layout::RING_RECEIVE);
  if (entry == nullptr) return;
  entry->opcode = IORING_OP_RECV;
  entry->ioprio = IORING_RECV_MULTISHOT;
  entry->flags = IOSQE_BUFFER_SELECT;
}

void stream_sent(Shim* shim, uint32_t entry, int32_t result) {
  store_word(&shim->memory, entry + layout::SUBMISSION_RESULT, result);
  const int32_t length = load_word(&shim->memory, entry + layout::SUBMISSION_LENGTH);
  if (result == length) return;
  shim->fell_short = true;
  note_short(shim, entry, field(shim, entry, layout::SUBMISSION_GENERATION),
             result >= 0 || result == -EAGAIN);
}

}  // namespace calandria
