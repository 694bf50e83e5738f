// What the files on datagrams share: a socket, and the room that messages are gathered in.
#pragma once

#include <cstdint>
#include <sys/uio.h>

#include "names.h"
#include "source.h"
#include "system.h"

namespace calandria {

struct DatagramSocket {
  int family;
  /** Longer messages are cut. */
  uint32_t message_max;
  /** The notifier tells of room for sends too; asked for only while a send is blocked. */
  bool watches_room;
  /** Received, but without room in the read arena: records, in the form of a batch. */
  uint8_t* kept;
  uint32_t kept_start;
  uint32_t kept_end;
};

constexpr uint32_t DATAGRAM_SLOTS = 32;
/** Slots a multiple of 4 KiB apart would share the few cache lines of that place in each page. */
constexpr size_t DATAGRAM_SLOT_SIZE = layout::DATAGRAM_MAX + 1 + 128;
/** A message has a part in each piece that it touches. */
constexpr uint32_t DATAGRAM_PARTS = DATAGRAM_SLOTS + layout::PIECES_A_SEND;

/** In use within one call only, so that one is enough for all sockets of a shim. */
struct DatagramRoom {
  Message messages[DATAGRAM_SLOTS];
  Name names[DATAGRAM_SLOTS];
  struct iovec parts[DATAGRAM_PARTS];
  /** Of the record that each message is. */
  uint32_t sizes[DATAGRAM_SLOTS + 1];
  uint8_t slots[DATAGRAM_SLOTS * DATAGRAM_SLOT_SIZE];
};

inline uint32_t padded_size(uint32_t length) { return (length + 7) & ~7u; }

inline DatagramSocket* datagram_socket(const Descriptor* descriptor) {
  return static_cast<DatagramSocket*>(descriptor->state);
}

int32_t datagram_receive(Shim* shim, Descriptor* descriptor, uint32_t entry, ReadRoom* room);
int32_t datagram_send(Shim* shim, Descriptor* descriptor, uint32_t entry);

}  // namespace calandria
