// Opening what lies beneath a directory and nowhere else, whoever renames or links meanwhile. For
// threads of the pool: these calls may wait for a disk.
#pragma once

namespace calandria {

/**
 * Opens a regular file or a folder for reading. Answers its descriptor, or -errno: -EXDEV when the
 * path leads out of the directory, -ENXIO when it leads to something else. A device or a pipe is
 * not opened to find that out: it could wait, rewind, or wake somebody. `linked`: a symbolic link
 * was on the way.
 */
int beneath_open(int directory, const char* path, bool* linked);


}  // namespace calandria
