// Links and addresses of this machine: rtnetlink(7).
#pragma once

#include <cerrno>

#include "source.h"

namespace calandria {

/** OPEN; value: bytes of the socket's receive buffer, 0 for the system's own. */
int32_t network_open(Shim* shim, const OpenRequest* request, ReadRoom* room);

}  // namespace calandria
