// Changes of a file or folder: inotify(7), one instance a watch. Changes of a set of open files and
// folders: one instance for all of them.
#pragma once

#include "source.h"

namespace calandria {

/** OPEN; bytes: the path, or nothing of a set (PATH_SET). */
int32_t path_open(Shim* shim, const OpenRequest* request, ReadRoom* room);

}  // namespace calandria
