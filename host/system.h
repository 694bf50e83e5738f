// Every system call of the shim goes through here, so that a host can be pointed at another
// implementation.
//
// The calls on the path of a message go straight to the kernel: the C library's wrappers are
// cancellation points, which cost 2 % of a small message in a process with threads. All return a
// value or -errno, and retry when a signal interrupted them (signal(7)); `interrupted` counts how
// often.
#pragma once

#include <cerrno>
#include <cstdint>
#include <poll.h>
#include <sys/epoll.h>
#include <sys/select.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <ctime>
#include <unistd.h>

namespace calandria {

inline long system_result(long result) { return result < 0 ? -errno : result; }

template <typename Call>
inline long system_retry(uint64_t* interrupted, Call call) {
  for (;;) {
    const long result = system_result(call());
    if (result != -EINTR) return result;
    ++*interrupted;
  }
}

inline long system_receive(uint64_t* interrupted, int fd, void* bytes, size_t length) {
  return system_retry(interrupted, [&] {
    return syscall(SYS_recvfrom, fd, bytes, length, MSG_DONTWAIT, nullptr, nullptr);
  });
}

/** `more`: MSG_MORE or 0. */
inline long system_send(uint64_t* interrupted, int fd, const void* bytes, size_t length, int more) {
  return system_retry(interrupted, [&] {
    return syscall(SYS_sendto, fd, bytes, length, MSG_DONTWAIT | MSG_NOSIGNAL | more, nullptr, 0);
  });
}

inline long system_send_message(uint64_t* interrupted, int fd, const struct msghdr* message,
                                int more) {
  return system_retry(interrupted, [&] {
    return syscall(SYS_sendmsg, fd, message, MSG_DONTWAIT | MSG_NOSIGNAL | more);
  });
}

inline long system_send_to(uint64_t* interrupted, int fd, const struct iovec* part,
                           const void* name, socklen_t length) {
  return system_retry(interrupted, [&] {
    return syscall(SYS_sendto, fd, part->iov_base, part->iov_len, MSG_DONTWAIT | MSG_NOSIGNAL, name,
                   length);
  });
}

/** How many of the messages were sent, or why the first was not. */
inline long system_send_messages(uint64_t* interrupted, int fd, struct mmsghdr* messages,
                                 unsigned total) {
  return system_retry(interrupted, [&] {
    return syscall(SYS_sendmmsg, fd, messages, total, MSG_DONTWAIT | MSG_NOSIGNAL);
  });
}

inline long system_receive_messages(uint64_t* interrupted, int fd, struct mmsghdr* messages,
                                    unsigned total) {
  return system_retry(interrupted, [&] {
    return syscall(SYS_recvmmsg, fd, messages, total, MSG_DONTWAIT, nullptr);
  });
}

inline long system_accept(uint64_t* interrupted, int fd, struct sockaddr* name, socklen_t* length) {
  return system_retry(interrupted, [&] {
    return syscall(SYS_accept4, fd, name, length, SOCK_NONBLOCK | SOCK_CLOEXEC);
  });
}

/** epoll_pwait without a mask: epoll_wait(2) does not exist on newer architectures. Not retried. */
inline long system_epoll_poll(int fd, void* events, int events_max) {
  return system_result(syscall(SYS_epoll_pwait, fd, events, events_max, 0, nullptr, 8));
}

inline long system_epoll_add(int fd, int target, struct epoll_event* event) {
  return system_result(syscall(SYS_epoll_ctl, fd, EPOLL_CTL_ADD, target, event));
}

inline long system_epoll_remove(int fd, int target) {
  return system_result(syscall(SYS_epoll_ctl, fd, EPOLL_CTL_DEL, target, nullptr));
}

inline long system_epoll_modify(int fd, int target, struct epoll_event* event) {
  return system_result(syscall(SYS_epoll_ctl, fd, EPOLL_CTL_MOD, target, event));
}

/** At most so many ns, -1: for ever. Not retried. */
inline int system_poll(struct pollfd* entries, uint32_t total, int64_t nanoseconds) {
  struct timespec most = {};
  most.tv_sec = static_cast<time_t>(nanoseconds / 1000000000);
  most.tv_nsec = static_cast<long>(nanoseconds % 1000000000);
  return static_cast<int>(system_result(
      syscall(SYS_ppoll, entries, total, nanoseconds < 0 ? nullptr : &most, nullptr, 8)));
}

/** As system_poll, rounded up to a microsecond. */
inline int system_select(int total, fd_set* read, fd_set* write, fd_set* except,
                         int64_t nanoseconds) {
  const int64_t microseconds = (nanoseconds + 999) / 1000;
  struct timeval most = {};
  most.tv_sec = static_cast<time_t>(microseconds / 1000000);
  most.tv_usec = static_cast<suseconds_t>(microseconds % 1000000);
  return static_cast<int>(
      system_result(select(total, read, write, except, nanoseconds < 0 ? nullptr : &most)));
}

/** Not retried: on Linux the descriptor is gone even when close(2) says EINTR. */
inline long system_close(int fd) { return system_result(syscall(SYS_close, fd)); }

}  // namespace calandria
