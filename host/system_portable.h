// System calls where Linux's own are not to be had: macOS, the BSDs, and Linux when a library is to
// stand in for kqueue(2), so that this file runs somewhere. Included by system.h alone.
#pragma once

#include <limits.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <pthread.h>
#ifndef __linux__
#include <sys/param.h>
#include <sys/mount.h>
#include <sys/statvfs.h>
#endif
#include <sys/un.h>

#ifndef __linux__
#include <sys/filio.h>
#endif
#ifdef __FreeBSD__
#include <aio.h>
#endif
#if defined(__FreeBSD__) || defined(__OpenBSD__)
#include <pthread_np.h>
#endif

namespace calandria {

// ── Descriptors ──

/** Not retried: it may be gone after EINTR, and a second try would hit another. */
inline long system_close(int fd) { return system_result(close(fd)); }

/** For descriptors that a system cannot open so: `nonblocking` and closed on exec, or closed. */
inline int system_prepare(int fd, bool nonblocking) {
  if (fd < 0) return static_cast<int>(system_result(fd));
  long result = system_result(fcntl(fd, F_SETFD, FD_CLOEXEC));
  if (result >= 0 && nonblocking) result = system_set_flags(fd, system_flags(fd) | O_NONBLOCK);
  if (result >= 0) return fd;
  system_close(fd);
  return static_cast<int>(result);
}

/** Both ends closed on exec. */
inline int system_pipe(int ends[2]) {
#ifdef __APPLE__
  const long result = system_result(pipe(ends));
  if (result < 0) return static_cast<int>(result);
  fcntl(ends[0], F_SETFD, FD_CLOEXEC);
  fcntl(ends[1], F_SETFD, FD_CLOEXEC);
  return 0;
#else
  return static_cast<int>(system_result(pipe2(ends, O_CLOEXEC)));
#endif
}

inline long system_read(uint64_t* interrupted, int fd, void* bytes, size_t length) {
  return system_retry(interrupted, [&] { return read(fd, bytes, length); });
}

inline long system_write(uint64_t* interrupted, int fd, const void* bytes, size_t length) {
  return system_retry(interrupted, [&] { return write(fd, bytes, length); });
}

inline long system_write_vector(uint64_t* interrupted, int fd, const struct iovec* vectors,
                                size_t used) {
  return system_retry(interrupted, [&] { return writev(fd, vectors, static_cast<int>(used)); });
}

/** Of a pipe that is ours alone: no write to it raises SIGPIPE. */
inline void system_spare_pipe(int fd) {
#ifdef F_SETNOSIGPIPE
  fcntl(fd, F_SETNOSIGPIPE, 1);
#else
  (void)fd;
#endif
}

/** No system but Linux reads so without changing the file's flags. */
inline long system_read_now(uint64_t*, int, void*, size_t) { return -EOPNOTSUPP; }

constexpr int WRITE_NOW = 0;
constexpr int WRITE_SPARED = 0;

inline long system_write_flagged(uint64_t*, int, const struct iovec*, size_t, int) {
  return -EOPNOTSUPP;
}

/** Nor tells whether a file would have to be waited for. */
inline long system_read_cached(uint64_t*, int, void*, size_t, uint64_t) { return -EOPNOTSUPP; }

/** /dev/fd is another name for the same open file on these systems. */
inline int system_open_again(int, int) { return -EOPNOTSUPP; }

inline bool system_is_terminal_master(int) { return false; }

// ── Sockets ──

/** Of a socket that was just made: no write to it raises SIGPIPE. */
inline void system_spare(int fd) {
#ifdef SO_NOSIGPIPE
  system_set_number(fd, SOL_SOCKET, SO_NOSIGPIPE, 1);
#else
  (void)fd;
#endif
}

/** Non-blocking, and closed on exec. */
inline int system_socket(int family, int type, int protocol) {
#ifdef SOCK_NONBLOCK
  const int fd = static_cast<int>(
      system_result(socket(family, type | SOCK_NONBLOCK | SOCK_CLOEXEC, protocol)));
#else
  const int fd = system_prepare(socket(family, type, protocol), true);
#endif
  if (fd >= 0) system_spare(fd);
  return fd;
}

/** The same of the connection. SO_NOSIGPIPE is the listener's. */
inline long system_accept(uint64_t* interrupted, int fd, struct sockaddr* name, socklen_t* length) {
#ifdef SOCK_NONBLOCK
  return system_retry(interrupted, [&] {
    return accept4(fd, name, length, SOCK_NONBLOCK | SOCK_CLOEXEC);
  });
#else
  const long accepted = system_retry(interrupted, [&] { return accept(fd, name, length); });
  return accepted < 0 ? accepted : system_prepare(static_cast<int>(accepted), true);
#endif
}

inline long system_receive(uint64_t* interrupted, int fd, void* bytes, size_t length) {
  return system_retry(interrupted, [&] { return recv(fd, bytes, length, MSG_DONTWAIT); });
}

// Where a socket itself says so, no call has to; macOS knows the flag since 15 only.
#ifdef SO_NOSIGPIPE
constexpr int SEND_FLAGS = MSG_DONTWAIT;
#else
constexpr int SEND_FLAGS = MSG_DONTWAIT | MSG_NOSIGNAL;
#endif

/** Nobody else holds a segment back for what follows. */
constexpr int SEND_MORE = 0;

inline long system_send(uint64_t* interrupted, int fd, const void* bytes, size_t length, int) {
  return system_retry(interrupted, [&] { return send(fd, bytes, length, SEND_FLAGS); });
}

inline long system_send_message(uint64_t* interrupted, int fd, const struct msghdr* message, int) {
  return system_retry(interrupted, [&] { return sendmsg(fd, message, SEND_FLAGS); });
}

inline long system_send_to(uint64_t* interrupted, int fd, const struct iovec* part,
                           const void* name, socklen_t length) {
  return system_retry(interrupted, [&] {
    return sendto(fd, part->iov_base, part->iov_len, SEND_FLAGS,
                  static_cast<const struct sockaddr*>(name), length);
  });
}

// recvmmsg(2) and sendmmsg(2), where there are any, else one call a message.
#if (defined(__NetBSD__) || defined(__OpenBSD__)) && defined(MSG_WAITFORONE)

using Message = struct mmsghdr;

inline long system_send_messages(uint64_t* interrupted, int fd, Message* messages,
                                 unsigned total) {
  return system_retry(interrupted, [&] { return sendmmsg(fd, messages, total, SEND_FLAGS); });
}

inline long system_receive_messages(uint64_t* interrupted, int fd, Message* messages,
                                    unsigned total) {
  return system_retry(interrupted,
                      [&] { return recvmmsg(fd, messages, total, MSG_DONTWAIT, nullptr); });
}

#else

/** A message and how long it was. */
struct Message {
  struct msghdr msg_hdr;
  unsigned msg_len;
};

/** How many of the messages were sent, or why the first was not. */
inline long system_send_messages(uint64_t* interrupted, int fd, Message* messages,
                                 unsigned total) {
  for (unsigned place = 0; place < total; place++) {
    const long result = system_send_message(interrupted, fd, &messages[place].msg_hdr, 0);
    if (result < 0) return place > 0 ? static_cast<long>(place) : result;
    messages[place].msg_len = static_cast<unsigned>(result);
  }
  return static_cast<long>(total);
}

inline long system_receive_messages(uint64_t* interrupted, int fd, Message* messages,
                                    unsigned total) {
  for (unsigned place = 0; place < total; place++) {
    struct msghdr* head = &messages[place].msg_hdr;
    const long result =
        system_retry(interrupted, [&] { return recvmsg(fd, head, MSG_DONTWAIT); });
    if (result < 0) return place > 0 ? static_cast<long>(place) : result;
    messages[place].msg_len = static_cast<unsigned>(result);
  }
  return static_cast<long>(total);
}

#endif

/** Nothing was held back. */
inline void system_push(int) {}

#ifndef __linux__

/** Connections that wait to be accepted, or -errno where nobody counts them. */
inline long system_accept_queue(int fd) {
#ifdef SO_LISTENQLEN
  int waiting = 0;
  const int result = system_get_number(fd, SOL_SOCKET, SO_LISTENQLEN, &waiting);
  return result < 0 ? result : waiting;
#else
  (void)fd;
  return -EOPNOTSUPP;
#endif
}

/** What is free in the send buffer, or -errno. */
inline long system_send_room(int fd, int) {
#if defined(FIONSPACE)
  int room = 0;
  const long result = system_result(ioctl(fd, FIONSPACE, &room));
  return result < 0 ? result : room;
#elif defined(SO_NWRITE)
  int size = 0;
  int used = 0;
  int result = system_get_number(fd, SOL_SOCKET, SO_SNDBUF, &size);
  if (result == 0) result = system_get_number(fd, SOL_SOCKET, SO_NWRITE, &used);
  return result < 0 ? result : (size > used ? size - used : 0);
#else
  (void)fd;
  return -EOPNOTSUPP;
#endif
}

#endif

// ── Readiness ──

/** poll(2): at most so many ns, rounded up to what it counts in; -1: for ever. Not retried. */
inline int system_poll(struct pollfd* entries, uint32_t total, int64_t nanoseconds) {
  const int64_t milliseconds = (nanoseconds + 999999) / 1000000;
  const int most = milliseconds > INT_MAX ? INT_MAX : static_cast<int>(milliseconds);
  return static_cast<int>(system_result(poll(entries, total, nanoseconds < 0 ? -1 : most)));
}

// ── Memory ──

/** mincore(2): a byte for each page, odd for those in memory. */
inline int system_resident(void* map, size_t length, char* pages) {
#if defined(__OpenBSD__)
  // It took the call out: what is in memory is nobody's business.
  (void)map, (void)length, (void)pages;
  return -EOPNOTSUPP;
#elif defined(__linux__)
  return static_cast<int>(
      system_result(mincore(map, length, reinterpret_cast<unsigned char*>(pages))));
#else
  return static_cast<int>(system_result(mincore(map, length, pages)));
#endif
}

// ── Threads ──

inline void system_name_thread(pthread_t thread, const char* name) {
#if defined(__FreeBSD__) || defined(__OpenBSD__)
  pthread_set_name_np(thread, name);
#elif defined(__NetBSD__)
  pthread_setname_np(thread, "%s", const_cast<char*>(name));
#elif defined(__APPLE__)
  // Only a thread itself can.
  (void)thread, (void)name;
#else
  pthread_setname_np(thread, name);
#endif
}

// ── Files ──

inline long system_sync_data(int fd) {
#ifdef __APPLE__
  // fsync(2) there leaves the bytes with the disk, which may hold them back.
  return system_repeat([&] { return fcntl(fd, F_FULLFSYNC); });
#else
  return system_repeat([&] { return fdatasync(fd); });
#endif
}

/** Past the page cache from now on, or -errno. */
inline int system_go_direct(int fd) {
#if defined(F_NOCACHE)
  return static_cast<int>(system_result(fcntl(fd, F_NOCACHE, 1)));
#elif defined(O_DIRECT) && !defined(__linux__)
  return system_set_flags(fd, system_flags(fd) | O_DIRECT);
#else
  (void)fd;
  return -EOPNOTSUPP;
#endif
}

#ifndef __linux__
/** Only Linux resolves so in the open itself. */
inline int system_open_resolved(int, const char*, const void*, size_t) { return -ENOSYS; }
#endif

/** Whether the file system is this machine's own. */
inline bool system_is_local(int fd) {
#if defined(__NetBSD__)
  struct statvfs status;
  return fstatvfs(fd, &status) == 0 && (status.f_flag & MNT_LOCAL) != 0;
#elif defined(__linux__)
  (void)fd;
  return false;
#else
  struct statfs status;
  return fstatfs(fd, &status) == 0 && (status.f_flags & MNT_LOCAL) != 0;
#endif
}

/** sendfile(2) in the forms that it has: bytes sent from `offset`, 0 at the file's end. */
inline long system_send_file(uint64_t* interrupted, int to, int fd, uint64_t offset,
                             size_t length) {
#if defined(__FreeBSD__)
  off_t sent = 0;
  const long result = system_retry(interrupted, [&] {
    return sendfile(fd, to, static_cast<off_t>(offset), length, nullptr, &sent, 0);
  });
  return sent > 0 ? static_cast<long>(sent) : result;
#elif defined(__APPLE__)
  auto sent = static_cast<off_t>(length);
  const long result = system_retry(interrupted, [&] {
    return sendfile(fd, to, static_cast<off_t>(offset), &sent, nullptr, 0);
  });
  // Told of what was sent before it would have had to wait, too.
  return sent > 0 && (result == 0 || result == -EAGAIN || result == -EINTR)
             ? static_cast<long>(sent)
             : result;
#else
  (void)interrupted, (void)to, (void)fd, (void)offset, (void)length;
  return -EOPNOTSUPP;
#endif
}

}  // namespace calandria
