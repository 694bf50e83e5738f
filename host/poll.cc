// poll(2): every descriptor is named in every call, and the kernel looks at each of them.
#include <limits.h>

#include "interfaces.h"
#include "levels.h"
#include "system.h"

namespace calandria {

namespace {

void pack(uint8_t* record, const struct pollfd* entry) { memcpy(record, entry, sizeof *entry); }

constexpr LevelKind POLL = {system_poll, layout::FORMAT_POLL, layout::POLL_SIZE, pack, INT_MAX};

int poll_open(Shim* shim) { return levels_open(shim, &POLL); }

}  // namespace

const Interface poll_interface = levels_interface("poll", poll_open);

}  // namespace calandria
