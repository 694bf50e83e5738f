// Receiving datagrams: recvmmsg(2) into slots of the largest size, so that none is cut for want of
// room, and from there packed into the read arena.
#include <cstddef>
#include <cstdlib>
#include <sys/un.h>

#include "datagram_socket.h"
#include "system.h"

namespace calandria {

namespace {

/** The text of a local peer's name, at most as long as sun_path; 0 for one that has none. */
uint32_t local_name(const struct msghdr* message, const uint8_t** text) {
  const auto* name = static_cast<const struct sockaddr_un*>(message->msg_name);
  const size_t head = offsetof(struct sockaddr_un, sun_path);
  if (message->msg_namelen <= head || name->sun_family != AF_UNIX) return 0;
  *text = reinterpret_cast<const uint8_t*>(name->sun_path);
  const size_t most = message->msg_namelen - head;
  // unix(7): an abstract name has its exact length, a path ends with a zero byte.
  return static_cast<uint32_t>(name->sun_path[0] == 0 ? most : strnlen(name->sun_path, most));
}

/** Size of the record for a message. */
uint32_t record_size(const DatagramSocket* socket, const Message* message) {
  const uint8_t* text;
  const uint32_t named = socket->family == AF_UNIX ? local_name(&message->msg_hdr, &text) : 0;
  return layout::DATAGRAM_HEAD + padded_size(named + message->msg_len);
}

/** Writes the record at `target`, which has room for it; answers its size. */
uint32_t put_record(const DatagramSocket* socket, const Message* message, uint8_t* target) {
  const struct msghdr* head = &message->msg_hdr;
  uint32_t named = 0;
  uint8_t* bytes = target + layout::DATAGRAM_HEAD;
  name_to_peer(static_cast<const struct sockaddr_storage*>(head->msg_name), target);
  if (socket->family == AF_UNIX) {
    const uint8_t* text = nullptr;
    named = local_name(head, &text);
    const auto port = static_cast<uint16_t>(named);
    memcpy(target + layout::PEER_PORT, &port, sizeof port);
    if (named > 0) memcpy(bytes, text, named);
    if (named > 0 && bytes[0] == 0) bytes[0] = '@';
  }
  const uint32_t length = named + message->msg_len;
  const uint32_t flags = head->msg_flags & MSG_TRUNC ? layout::DATAGRAM_TRUNCATED : 0;
  memcpy(target + layout::DATAGRAM_LENGTH, &length, sizeof length);
  memcpy(target + layout::DATAGRAM_FLAGS, &flags, sizeof flags);
  memcpy(bytes + named, head->msg_iov->iov_base, message->msg_len);
  memset(bytes + length, 0, padded_size(length) - length);
  return layout::DATAGRAM_HEAD + padded_size(length);
}

/** What there was no room for is kept, so that it comes first the next time. */
int keep(DatagramSocket* socket, const DatagramRoom* from, uint32_t first, uint32_t total) {
  uint32_t size = 0;
  for (uint32_t place = first; place < total; place++) {
    size += record_size(socket, &from->messages[place]);
  }
  socket->kept = static_cast<uint8_t*>(malloc(size));
  if (socket->kept == nullptr) return -ENOMEM;
  socket->kept_start = 0;
  socket->kept_end = 0;
  for (uint32_t place = first; place < total; place++) {
    socket->kept_end +=
        put_record(socket, &from->messages[place], socket->kept + socket->kept_end);
  }
  return 0;
}

/** Moves kept records into the room; answers their bytes, and how many in `records`. */
uint32_t put_kept(DatagramSocket* socket, uint8_t* target, uint32_t left, uint32_t most,
                  uint32_t* records) {
  uint32_t taken = 0;
  while (socket->kept_start < socket->kept_end && *records < most) {
    const uint8_t* record = socket->kept + socket->kept_start;
    uint32_t length;
    memcpy(&length, record + layout::DATAGRAM_LENGTH, sizeof length);
    const uint32_t size = layout::DATAGRAM_HEAD + padded_size(length);
    if (size > left - taken) break;
    memcpy(target + taken, record, size);
    socket->kept_start += size;
    taken += size;
    ++*records;
  }
  if (socket->kept != nullptr && socket->kept_start == socket->kept_end) {
    free(socket->kept);
    socket->kept = nullptr;
  }
  return taken;
}

void prepare_slots(DatagramRoom* room, uint32_t total, uint32_t capacity) {
  for (uint32_t place = 0; place < total; place++) {
    struct msghdr* head = &room->messages[place].msg_hdr;
    room->parts[place].iov_base = room->slots + place * DATAGRAM_SLOT_SIZE;
    room->parts[place].iov_len = capacity;
    head->msg_iov = &room->parts[place];
    head->msg_iovlen = 1;
    // Who has no name leaves it as it is (recvmsg(2)): not that of an earlier message, then.
    room->names[place].storage.ss_family = AF_UNSPEC;
    head->msg_name = &room->names[place].storage;
    head->msg_namelen = sizeof(struct sockaddr_storage);
    head->msg_control = nullptr;
    head->msg_controllen = 0;
  }
}

}  // namespace

int32_t datagram_receive(Shim* shim, Descriptor* descriptor, uint32_t entry, ReadRoom* room) {
  const Memory* memory = &shim->memory;
  DatagramSocket* socket = datagram_socket(descriptor);
  const uint32_t asked = field(shim, entry, layout::SUBMISSION_EXTRA);
  const uint32_t most = asked == 0 ? UINT32_MAX : asked;
  if (!read_room_ensure(room, field(shim, entry, layout::SUBMISSION_ARGUMENT))) return -ENOBUFS;
  DatagramRoom* slots = shim->datagrams;
  uint8_t* const start = memory->base + room->cursor;
  const uint32_t space = room->limit - room->cursor;
  uint32_t records = 0;
  uint32_t taken = put_kept(socket, start, space, most, &records);
  // A name may come on top; and a record has to fit the smallest segment.
  const uint32_t named = socket->family == AF_UNIX ? sizeof(sockaddr_un) : 0;
  const uint32_t fits = memory->read_segment_size - layout::DATAGRAM_HEAD - named - 7;
  const uint32_t largest = static_cast<uint32_t>(layout::DATAGRAM_MAX) - named;
  uint32_t capacity = fits < largest ? fits : largest;
  if (socket->message_max < capacity) capacity = socket->message_max;
  const auto least = static_cast<uint32_t>(layout::DATAGRAM_ROOM);
  while (socket->kept == nullptr && records < most && (taken == 0 || space - taken >= least)) {
    const uint32_t want = most - records < DATAGRAM_SLOTS ? most - records : DATAGRAM_SLOTS;
    prepare_slots(slots, want, capacity);
    count(memory, layout::COUNTER_HOST_RECEIVES);
    const long got =
        system_receive_messages(&shim->interrupted, descriptor->fd, slots->messages, want);
    if (got < 0 && taken == 0) return static_cast<int32_t>(got);
    if (got <= 0) break;
    const auto total = static_cast<uint32_t>(got);
    uint32_t place = 0;
    while (place < total && record_size(socket, &slots->messages[place]) <= space - taken) {
      taken += put_record(socket, &slots->messages[place], start + taken);
      place++;
      records++;
    }
    if (place < total && keep(socket, slots, place, total) < 0) break;
    if (total < want) break;
  }
  return taken == 0 ? -EAGAIN : answer_bytes(shim, entry, room, taken);
}

}  // namespace calandria
