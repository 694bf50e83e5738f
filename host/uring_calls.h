// io_uring's three system calls, and the names of what goes through them. The C library has no
// wrapper for them, and liburing is not needed.
#pragma once

#include <linux/io_uring.h>
// <linux/fs.h>, which that includes, has a macro of this name.
#undef BLOCK_SIZE
#include <sys/syscall.h>

#include "system.h"

namespace calandria {

/** A descriptor that is closed on exec, or -errno. */
inline long uring_setup(uint32_t entries, struct io_uring_params* parameters) {
  return system_result(syscall(SYS_io_uring_setup, entries, parameters));
}

inline long uring_register(int fd, unsigned operation, void* argument, unsigned total) {
  return system_result(syscall(SYS_io_uring_register, fd, operation, argument, total));
}

/** Not retried, and not converted: system_retry does both. */
inline long uring_enter(int fd, uint32_t total, uint32_t least, uint32_t flags) {
  return syscall(SYS_io_uring_enter, fd, total, least, flags, nullptr, 0);
}

}  // namespace calandria
