// Socket names: text and port to sockaddr, and sockaddr to the peer record of the layout.
#pragma once

#include <cstdint>
#include <sys/socket.h>

namespace calandria {

struct Name {
  struct sockaddr_storage storage;
  socklen_t length;
};

/** An IPv4 or IPv6 literal, or (local) a path or @abstract name. 0, -EINVAL or -ENAMETOOLONG. */
int name_parse(Name* name, const uint8_t* text, uint32_t length, uint16_t port, bool local);

/**
 * A peer record as sockaddr; `local` is the name of a local socket, as text. 0, or -errno; a record
 * without a family is no name, of length 0.
 */
int name_from_peer(Name* name, const uint8_t* peer, const uint8_t* local);

/** Writes PEER_SIZE bytes. */
void name_to_peer(const struct sockaddr_storage* storage, uint8_t* peer);

}  // namespace calandria
