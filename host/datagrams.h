// Sockets for datagrams: UDP and local ones. What comes in is a batch of records, and so is what
// goes out (assembly/layout.ts, "Batches").
#pragma once

#include <cstdint>

#include "source.h"

namespace calandria {

/**
 * OPEN of KIND_DATAGRAM. bytes: the name to bind and, behind a 0, the peer's; argument: port,
 * options << 16; value: the peer's port, most bytes of a message << 16.
 */
int32_t datagram_open(Shim* shim, const OpenRequest* request, ReadRoom* room);

/** Gives back what all sockets of this shim receive into. */
void datagram_room_free(Shim* shim);

}  // namespace calandria
