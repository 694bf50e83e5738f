// What a loop can watch of a kqueue. Of the kernel's it is the descriptor itself (kqueue(2): "may
// be passed to poll, select and kevent"); a library over Linux gives something else away.
#pragma once

namespace calandria {

#ifdef CALANDRIA_KQUEUE
/** The epoll instance behind it, or -errno; belongs to the library. */
int kqueue_watched(int fd);
#else
inline int kqueue_watched(int fd) { return fd; }
#endif

}  // namespace calandria
