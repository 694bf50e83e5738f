// Sending datagrams: sendmmsg(2) from the pieces of the queue, where they lie.
#include <sys/un.h>

#include "datagram_socket.h"
#include "system.h"

namespace calandria {

namespace {

/** The bytes of the queue's front, across the pieces they lie in. */
struct Cursor {
  const Memory* memory;
  uint32_t piece;
  uint32_t address;
  /** Bytes from `address` to the end of the piece. */
  uint32_t here;
  /** Bytes left of the send. */
  uint32_t left;
};

bool open_piece(Cursor* cursor) {
  if (cursor->piece >= cursor->memory->pieces_max) return false;
  const uint32_t at = cursor->memory->pieces + cursor->piece * layout::PIECE_SIZE;
  cursor->address = load_unsigned(cursor->memory, at + layout::PIECE_ADDRESS);
  cursor->here = load_unsigned(cursor->memory, at + layout::PIECE_LENGTH);
  cursor->piece = load_unsigned(cursor->memory, at + layout::PIECE_NEXT);
  return inside(cursor->memory, cursor->address, cursor->here);
}

/** The next bytes that lie together, `length` of them at the most. Null: not to be believed. */
const uint8_t* next_part(Cursor* cursor, uint32_t length, uint32_t* part) {
  if (cursor->here == 0 && !open_piece(cursor)) return nullptr;
  const uint8_t* bytes = cursor->memory->base + cursor->address;
  *part = length < cursor->here ? length : cursor->here;
  cursor->address += *part;
  cursor->here -= *part;
  cursor->left -= *part;
  return *part == 0 ? nullptr : bytes;
}

bool copy_bytes(Cursor* cursor, uint8_t* target, uint32_t length) {
  while (length > 0) {
    uint32_t part;
    const uint8_t* bytes = next_part(cursor, length, &part);
    if (bytes == nullptr) return false;
    memcpy(target, bytes, part);
    target += part;
    length -= part;
  }
  return true;
}

bool skip_bytes(Cursor* cursor, uint32_t length) {
  while (length > 0) {
    uint32_t part;
    if (next_part(cursor, length, &part) == nullptr) return false;
    length -= part;
  }
  return true;
}

/** One record as a message whose parts begin at `first`; answers where they end, or -errno. */
int gather(Cursor* cursor, DatagramRoom* room, uint32_t place, uint32_t first) {
  uint8_t head[layout::DATAGRAM_HEAD];
  uint8_t local[sizeof(sockaddr_un)];
  uint32_t length;
  uint16_t named;
  uint16_t family;
  if (cursor->left < sizeof head || !copy_bytes(cursor, head, sizeof head)) return -EPROTO;
  memcpy(&length, head + layout::DATAGRAM_LENGTH, sizeof length);
  memcpy(&family, head + layout::PEER_FAMILY, sizeof family);
  memcpy(&named, head + layout::PEER_PORT, sizeof named);
  if (length > static_cast<uint32_t>(layout::DATAGRAM_MAX) || padded_size(length) > cursor->left) {
    return -EPROTO;
  }
  const uint32_t padding = padded_size(length) - length;
  room->sizes[place] = layout::DATAGRAM_HEAD + padded_size(length);
  if (family == layout::FAMILY_LOCAL) {
    if (named > length || named > sizeof local) return -EPROTO;
    if (!copy_bytes(cursor, local, named)) return -EPROTO;
    length -= named;
  }
  Name* name = &room->names[place];
  const int parsed = name_from_peer(name, head, local);
  if (parsed < 0) return parsed;
  struct msghdr* message = &room->messages[place].msg_hdr;
  uint32_t used = first;
  while (length > 0) {
    uint32_t part;
    const uint8_t* bytes = next_part(cursor, length, &part);
    if (bytes == nullptr || used == DATAGRAM_PARTS) return -EPROTO;
    room->parts[used].iov_base = const_cast<uint8_t*>(bytes);
    room->parts[used].iov_len = part;
    used++;
    length -= part;
  }
  if (!skip_bytes(cursor, padding)) return -EPROTO;
  message->msg_iov = &room->parts[first];
  message->msg_iovlen = used - first;
  message->msg_name = name->length > 0 ? &name->storage : nullptr;
  message->msg_namelen = name->length;
  message->msg_control = nullptr;
  message->msg_controllen = 0;
  message->msg_flags = 0;
  return static_cast<int>(used);
}

/** Tells the notifier whether room for sends is of interest. */
void watch_room(Shim* shim, Descriptor* descriptor, uint32_t entry, bool on) {
  DatagramSocket* socket = datagram_socket(descriptor);
  socket->watches_room = on;
  shim->interface->watch_room(shim, descriptor->fd, field(shim, entry, layout::SUBMISSION_RECORD),
                              descriptor->generation, on);
}

/** How many of the messages were sent, or why the first was not. */
long send_messages(Shim* shim, int fd, Message* messages, uint32_t total) {
  count(&shim->memory, layout::COUNTER_HOST_SENDS);
  const struct msghdr* first = &messages[0].msg_hdr;
  if (total > 1 || first->msg_iovlen != 1) {
    return system_send_messages(&shim->interrupted, fd, messages, total);
  }
  const long sent = system_send_to(&shim->interrupted, fd, first->msg_iov, first->msg_name,
                                   first->msg_namelen);
  return sent < 0 ? sent : 1;
}

/** The answer when a message of this size could not be sent behind `taken` bytes. */
int32_t stopped(Shim* shim, Descriptor* descriptor, uint32_t entry, uint32_t taken, long error,
                uint32_t size, bool addressed) {
  const Memory* memory = &shim->memory;
  if (error == -EAGAIN) {
    // unix(7): it is the receiver's queue that is full, and nothing tells when it is not; the
    // sender's own room, of which an event would tell, is there all the time.
    if (addressed && datagram_socket(descriptor)->family == AF_UNIX) {
      store_word(memory, entry + layout::SUBMISSION_EXTRA, layout::SEND_LATER);
    } else {
      watch_room(shim, descriptor, entry, true);
    }
    return taken > 0 ? static_cast<int32_t>(taken) : -EAGAIN;
  }
  if (taken > 0) {
    // The error comes again when this one is the first.
    store_word(memory, entry + layout::SUBMISSION_EXTRA, layout::SEND_NEXT);
    return static_cast<int32_t>(taken);
  }
  // udp(7): what an earlier datagram met is reported in place of sending this one.
  const bool earlier =
      error == -ECONNREFUSED && datagram_socket(descriptor)->family != AF_UNIX;
  store_word(memory, entry + layout::SUBMISSION_EXTRA, earlier ? 0 : static_cast<int32_t>(size));
  return static_cast<int32_t>(error);
}

}  // namespace

int32_t datagram_send(Shim* shim, Descriptor* descriptor, uint32_t entry) {
  DatagramRoom* room = shim->datagrams;
  Cursor cursor = {&shim->memory, field(shim, entry, layout::SUBMISSION_ADDRESS), 0, 0,
                   field(shim, entry, layout::SUBMISSION_LENGTH)};
  uint32_t taken = 0;
  while (cursor.left > 0) {
    uint32_t total = 0;
    int parts = 0;
    while (parts >= 0 && total < DATAGRAM_SLOTS && cursor.left > 0) {
      parts = gather(&cursor, room, total, static_cast<uint32_t>(parts));
      if (parts >= 0) total++;
    }
    uint32_t done = 0;
    while (done < total) {
      const long sent =
          send_messages(shim, descriptor->fd, room->messages + done, total - done);
      if (sent < 0) {
        const bool addressed = room->messages[done].msg_hdr.msg_name != nullptr;
        return stopped(shim, descriptor, entry, taken, sent, room->sizes[done], addressed);
      }
      for (long place = 0; place < sent; place++) taken += room->sizes[done++];
    }
    if (parts < 0) {
      return stopped(shim, descriptor, entry, taken, parts, room->sizes[total], false);
    }
  }
  if (datagram_socket(descriptor)->watches_room) watch_room(shim, descriptor, entry, false);
  return static_cast<int32_t>(taken);
}

}  // namespace calandria
