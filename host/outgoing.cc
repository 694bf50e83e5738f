#include "outgoing.h"

#include "system.h"

namespace calandria {

CALANDRIA_HOT bool outgoing_open(Outgoing* outgoing, const Shim* shim, uint32_t entry) {
  outgoing->memory = &shim->memory;
  outgoing->piece = field(shim, entry, layout::SUBMISSION_ADDRESS);
  outgoing->left = field(shim, entry, layout::SUBMISSION_LENGTH);
  outgoing->pieces = field(shim, entry, layout::SUBMISSION_ARGUMENT);
  return outgoing->pieces <= static_cast<uint32_t>(layout::PIECES_A_LONG_SEND);
}

CALANDRIA_HOT int outgoing_take(Outgoing* outgoing, struct iovec* vectors, uint32_t* length) {
  const Memory* memory = outgoing->memory;
  int used = 0;
  *length = 0;
  while (used < layout::PIECES_A_SEND && outgoing->pieces > 0 && outgoing->left > 0) {
    if (outgoing->piece >= memory->pieces_max) return -EPROTO;
    const uint32_t at = memory->pieces + outgoing->piece * layout::PIECE_SIZE;
    const uint32_t address = load_unsigned(memory, at + layout::PIECE_ADDRESS);
    uint32_t bytes = load_unsigned(memory, at + layout::PIECE_LENGTH);
    if (bytes > outgoing->left) bytes = outgoing->left;
    if (!inside(memory, address, bytes)) return -EPROTO;
    vectors[used].iov_base = memory->base + address;
    vectors[used].iov_len = bytes;
    used++;
    *length += bytes;
    outgoing->left -= bytes;
    outgoing->pieces--;
    outgoing->piece = load_unsigned(memory, at + layout::PIECE_NEXT);
  }
  return used;
}

int32_t gather_pieces(const Shim* shim, uint32_t entry, struct iovec* vectors) {
  Outgoing outgoing;
  uint32_t length;
  if (!outgoing_open(&outgoing, shim, entry)) return -EPROTO;
  if (outgoing.pieces > static_cast<uint32_t>(layout::PIECES_A_SEND)) return -EPROTO;
  return outgoing_take(&outgoing, vectors, &length);
}

CALANDRIA_HOT long outgoing_send(Outgoing* outgoing, Shim* shim, int fd, int more) {
  long sent = 0;
  do {
    struct iovec vectors[layout::PIECES_A_SEND];
    uint32_t length;
    const int used = outgoing_take(outgoing, vectors, &length);
    if (used < 0) return used;
    // Fewer bytes in the pieces than the entry says: there is nothing more to wait for.
    if (used == 0 && outgoing->left > 0) return sent > 0 ? sent : -EPROTO;
    const int flags = outgoing->left > 0 ? SEND_MORE : more;
    count(&shim->memory, layout::COUNTER_HOST_SENDS);
    long result;
    if (used == 1) {
      result = system_send(&shim->interrupted, fd, vectors[0].iov_base, length, flags);
    } else {
      struct msghdr message = {};
      message.msg_iov = vectors;
      message.msg_iovlen = static_cast<size_t>(used);
      result = system_send_message(&shim->interrupted, fd, &message, flags);
    }
    if (result < 0) return sent > 0 ? sent : result;
    sent += result;
    if (static_cast<uint32_t>(result) < length) break;
  } while (outgoing->left > 0);
  return sent;
}

}  // namespace calandria
