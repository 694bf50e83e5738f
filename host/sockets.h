// Stream sockets: raw, non-blocking system calls on bytes in linear memory. They are the same for
// every readiness interface; only attach() differs.
#pragma once

#include <cstdint>
#include <sys/socket.h>

#include "source.h"

namespace calandria {

/** LISTEN and CONNECT: a socket, its options, its name; kept and attached, or closed again. */
int32_t socket_open(Shim* shim, uint32_t entry, ReadRoom* room, bool dial);

int32_t socket_accept(Shim* shim, Descriptor* descriptor, uint32_t entry, ReadRoom* room);

/**
 * A connection that came in is the child record's, and reported if `attached`; answers with the
 * peer's name. Closed again when it cannot be kept.
 */
int32_t socket_accepted(Shim* shim, uint32_t entry, ReadRoom* room, int fd,
                        const struct sockaddr_storage* name, bool attached);

/** When it is closed the peer sees a reset, and what was not sent is dropped (socket(7)). */
void socket_reset_at_close(int fd);

/**
 * The file of a local listener is its own: left behind, it would keep the next one from binding.
 */
void socket_remove_file(int fd);

}  // namespace calandria
