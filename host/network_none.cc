// Where there is no netlink(7), links and addresses are not told of.
#include "network.h"

namespace calandria {

int32_t network_open(Shim*, const OpenRequest*, ReadRoom*) { return -EOPNOTSUPP; }

}  // namespace calandria
