// Changes of a file or folder: inotify(7), one instance a watch.
#pragma once

#include "source.h"

namespace calandria {

/** OPEN; bytes: the path. */
int32_t path_open(Shim* shim, const OpenRequest* request, ReadRoom* room);

}  // namespace calandria
