// System calls of Linux: its own ones, and those that it does in fewer steps than others. Included
// by system.h alone.
//
// The calls on the path of a message go straight to the kernel: the C library's wrappers are
// cancellation points, which cost 2 % of a small message in a process with threads.
#pragma once

#include <linux/aio_abi.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <pthread.h>
#include <stdio.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/inotify.h>
#include <sys/sendfile.h>
#include <sys/signalfd.h>
#include <sys/statfs.h>
#include <sys/syscall.h>
#include <sys/timerfd.h>

// The kernel's numbers never change; the headers may be older than the kernel.
#ifndef SYS_cachestat
#define SYS_cachestat 451
#endif
#ifndef RWF_NOSIGNAL
#define RWF_NOSIGNAL 0x00000100
#endif

namespace calandria {

// ── Descriptors ──

/** Not retried: the descriptor is gone even when close(2) says EINTR. */
inline long system_close(int fd) { return system_result(syscall(SYS_close, fd)); }

/** Both ends closed on exec. */
inline int system_pipe(int ends[2]) {
  return static_cast<int>(system_result(pipe2(ends, O_CLOEXEC)));
}

/** Makes room for so many bytes; the kernel rounds up, and refuses what is too much. */
inline void system_widen_pipe(int fd, size_t room) {
  fcntl(fd, F_SETPIPE_SZ, static_cast<int>(room));
}

/** RWF_NOSIGNAL and without_sigpipe() do what F_SETNOSIGPIPE does elsewhere. */
inline void system_spare_pipe(int) {}

inline long system_read(uint64_t* interrupted, int fd, void* bytes, size_t length) {
  return system_retry(interrupted, [&] { return syscall(SYS_read, fd, bytes, length); });
}

inline long system_write(uint64_t* interrupted, int fd, const void* bytes, size_t length) {
  return system_retry(interrupted, [&] { return syscall(SYS_write, fd, bytes, length); });
}

inline long system_write_vector(uint64_t* interrupted, int fd, const struct iovec* vectors,
                                size_t used) {
  return system_retry(interrupted, [&] { return syscall(SYS_writev, fd, vectors, used); });
}

/** preadv2(2) at the file's own place, without waiting; -EOPNOTSUPP where the file cannot. */
inline long system_read_now(uint64_t* interrupted, int fd, void* bytes, size_t length) {
  const struct iovec vector = {bytes, length};
  return system_retry(interrupted, [&] {
    return syscall(SYS_preadv2, fd, &vector, 1, -1L, -1L, RWF_NOWAIT);
  });
}

constexpr int WRITE_NOW = RWF_NOWAIT;
/** Without SIGPIPE. */
constexpr int WRITE_SPARED = RWF_NOSIGNAL;

/** pwritev2(2) at the file's own place; `flags` are WRITE_ ones. */
inline long system_write_flagged(uint64_t* interrupted, int fd, const struct iovec* vectors,
                                 size_t used, int flags) {
  return system_retry(interrupted, [&] {
    return syscall(SYS_pwritev2, fd, vectors, used, -1L, -1L, flags);
  });
}

/** preadv2(2): -EAGAIN when it would wait for the disk. */
inline long system_read_cached(uint64_t* interrupted, int fd, void* bytes, size_t length,
                               uint64_t offset) {
  const struct iovec vector = {bytes, length};
  const auto low = static_cast<unsigned long>(offset);
  // The high half is 0 where a long has 64 bits; the kernel shifts it twice.
  return system_retry(interrupted, [&] {
    return syscall(SYS_preadv2, fd, &vector, 1, low, 0, RWF_NOWAIT);
  });
}

/** Another open file of the same object, with flags of its own. */
inline int system_open_again(int fd, int flags) {
  char path[32];
  snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
  return system_open(path, flags, 0);
}

inline bool system_is_terminal_master(int fd) {
  int number;
  return ioctl(fd, TIOCGPTN, &number) == 0;
}

// ── Sockets ──

/** Non-blocking, and closed on exec. */
inline int system_socket(int family, int type, int protocol) {
  return static_cast<int>(
      system_result(socket(family, type | SOCK_NONBLOCK | SOCK_CLOEXEC, protocol)));
}

/** The same of the connection. */
inline long system_accept(uint64_t* interrupted, int fd, struct sockaddr* name, socklen_t* length) {
  return system_retry(interrupted, [&] {
    return syscall(SYS_accept4, fd, name, length, SOCK_NONBLOCK | SOCK_CLOEXEC);
  });
}

inline long system_receive(uint64_t* interrupted, int fd, void* bytes, size_t length) {
  return system_retry(interrupted, [&] {
    return syscall(SYS_recvfrom, fd, bytes, length, MSG_DONTWAIT, nullptr, nullptr);
  });
}

/** With the sender's name; `flags` beside MSG_DONTWAIT. */
inline long system_receive_from(uint64_t* interrupted, int fd, void* bytes, size_t length,
                                int flags, void* name, socklen_t* name_length) {
  return system_retry(interrupted, [&] {
    return syscall(SYS_recvfrom, fd, bytes, length, MSG_DONTWAIT | flags, name, name_length);
  });
}

/** More follows at once: a segment that is not full may wait for it. */
constexpr int SEND_MORE = MSG_MORE;

/** `more`: SEND_MORE or 0. */
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

/** A message and how long it was. */
using Message = struct mmsghdr;

/** How many of the messages were sent, or why the first was not. */
inline long system_send_messages(uint64_t* interrupted, int fd, Message* messages,
                                 unsigned total) {
  return system_retry(interrupted, [&] {
    return syscall(SYS_sendmmsg, fd, messages, total, MSG_DONTWAIT | MSG_NOSIGNAL);
  });
}

inline long system_receive_messages(uint64_t* interrupted, int fd, Message* messages,
                                    unsigned total) {
  return system_retry(interrupted, [&] {
    return syscall(SYS_recvmmsg, fd, messages, total, MSG_DONTWAIT, nullptr);
  });
}

/** What was held back for more leaves now (tcp(7), TCP_CORK). */
inline void system_push(int fd) { system_set_number(fd, IPPROTO_TCP, TCP_CORK, 0); }

// ── Files ──

inline long system_sync_data(int fd) { return system_repeat([&] { return fdatasync(fd); }); }

/** sendfile(2): bytes sent from `offset`, 0 at the file's end. */
inline long system_send_file(uint64_t* interrupted, int to, int fd, uint64_t offset,
                             size_t length) {
  auto place = static_cast<off_t>(offset);
  return system_retry(interrupted, [&] { return sendfile(to, fd, &place, length); });
}

inline int system_file_system(int fd, struct statfs* status) {
  return static_cast<int>(system_result(fstatfs(fd, status)));
}

/** statx(2) of a descriptor. */
inline int system_extended_status(int fd, unsigned mask, struct statx* status) {
  return static_cast<int>(system_result(statx(fd, "", AT_EMPTY_PATH, mask, status)));
}

/** getdents64(2). */
inline long system_entries(int fd, void* bytes, size_t length) {
  return system_repeat([&] { return syscall(SYS_getdents64, fd, bytes, length); });
}

/** cachestat(2), Linux 6.5. */
inline int system_cache_status(int fd, const void* range, void* status) {
  return static_cast<int>(system_result(syscall(SYS_cachestat, fd, range, status, 0)));
}

// ── Kernel AIO (io_submit(2)); `context` is an aio_context_t ──

inline int system_aio_open(unsigned requests, unsigned long* context) {
  return static_cast<int>(system_result(syscall(SYS_io_setup, requests, context)));
}

/** How many were taken. */
inline long system_aio_submit(uint64_t* interrupted, unsigned long context, unsigned total,
                              void* requests) {
  return system_retry(interrupted,
                      [&] { return syscall(SYS_io_submit, context, total, requests); });
}

/** What is done already. */
inline long system_aio_events(uint64_t* interrupted, unsigned long context, long most,
                              void* events) {
  struct timespec now = {};
  return system_retry(interrupted, [&] {
    return syscall(SYS_io_getevents, context, 0, most, events, &now);
  });
}

/** Waits for what is under way. */
inline void system_aio_close(unsigned long context) { syscall(SYS_io_destroy, context); }

/** What the kernel shares through this descriptor, to be read and written; or null. */
inline void* system_map_shared(int fd, uint64_t offset, size_t length) {
  void* map = mmap(nullptr, length, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_POPULATE, fd,
                   static_cast<off_t>(offset));
  return map == MAP_FAILED ? nullptr : map;
}

// ── Notifiers ──

/** poll(2): at most so many ns, -1: for ever. Not retried. */
inline int system_poll(struct pollfd* entries, uint32_t total, int64_t nanoseconds) {
  struct timespec most = {};
  most.tv_sec = static_cast<time_t>(nanoseconds / 1000000000);
  most.tv_nsec = static_cast<long>(nanoseconds % 1000000000);
  return static_cast<int>(system_result(
      syscall(SYS_ppoll, entries, total, nanoseconds < 0 ? nullptr : &most, nullptr, 8)));
}

inline int system_epoll_create() {
  return static_cast<int>(system_result(epoll_create1(EPOLL_CLOEXEC)));
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

inline int system_timer() {
  return static_cast<int>(
      system_result(timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK | TFD_CLOEXEC)));
}

/** At this time of system_now(); 0: never. */
inline int system_timer_set(int fd, uint64_t deadline) {
  struct itimerspec when = {};
  when.it_value.tv_sec = static_cast<time_t>(deadline / 1000000000u);
  when.it_value.tv_nsec = static_cast<long>(deadline % 1000000000u);
  return static_cast<int>(
      system_result(timerfd_settime(fd, TFD_TIMER_ABSTIME, &when, nullptr)));
}

inline int system_event_counter(int flags) {
  return static_cast<int>(system_result(eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC | flags)));
}

inline int system_path_watcher() {
  return static_cast<int>(system_result(inotify_init1(IN_NONBLOCK | IN_CLOEXEC)));
}

inline int system_watch_path(int fd, const char* path, uint32_t changes) {
  return static_cast<int>(system_result(inotify_add_watch(fd, path, changes)));
}

/** What is open as `watched`, wherever it is by now. */
inline int system_watch_open(int fd, int watched, uint32_t changes) {
  char path[32];
  snprintf(path, sizeof path, "/proc/self/fd/%d", watched);
  return system_watch_path(fd, path, changes);
}

inline int system_unwatch(int fd, int watch) {
  return static_cast<int>(system_result(inotify_rm_watch(fd, watch)));
}

// ── Signals of descriptors (fcntl(2), "Managing signals") ──

/** Makes `fd` send this signal to this thread when something comes, or is possible. */
inline int system_signal_ask(int fd, int signal) {
  struct f_owner_ex owner = {};
  owner.type = F_OWNER_TID;
  owner.pid = static_cast<pid_t>(syscall(SYS_gettid));
  const int flags = system_flags(fd);
  if (flags < 0) return flags;
  long result = system_result(fcntl(fd, F_SETOWN_EX, &owner));
  if (result == 0) result = system_result(fcntl(fd, F_SETSIG, signal));
  return result < 0 ? static_cast<int>(result) : system_set_flags(fd, flags | O_ASYNC);
}

/** How many calls that makes. */
constexpr int SIGNAL_ASK_CALLS = 4;

/** It sends none any more. */
inline void system_signal_silence(int fd) {
  const int flags = system_flags(fd);
  if (flags >= 0) system_set_flags(fd, flags & ~O_ASYNC);
}

/** A descriptor that these signals are read from, while they are blocked. */
inline int system_signal_reader(const sigset_t* signals) {
  return static_cast<int>(
      system_result(signalfd(-1, signals, SFD_NONBLOCK | SFD_CLOEXEC)));
}

/** Takes one that is pending for this thread; false: none is. */
inline bool system_signal_take(const sigset_t* signals) {
  const struct timespec now = {};
  return system_repeat([&] { return sigtimedwait(signals, nullptr, &now); }) > 0;
}

// ── Processes and threads ──

/** Of 15 bytes at the most. */
inline void system_name_thread(pthread_t thread, const char* name) {
  pthread_setname_np(thread, name);
}

inline int system_process(pid_t process) {
  return static_cast<int>(system_result(syscall(SYS_pidfd_open, process, 0)));
}

inline int system_signal_process(int fd, int signal) {
  return static_cast<int>(
      system_result(syscall(SYS_pidfd_send_signal, fd, signal, nullptr, 0)));
}

/** waitid(2) of a pidfd. */
inline int system_wait_process(int fd, siginfo_t* information, int how) {
  constexpr auto by_descriptor = static_cast<idtype_t>(3);  // P_PIDFD
  return static_cast<int>(
      system_result(waitid(by_descriptor, static_cast<id_t>(fd), information, how)));
}

/** PIDFD_GET_INFO. */
inline int system_process_information(int fd, unsigned long command, void* information) {
  return static_cast<int>(system_result(ioctl(fd, command, information)));
}

}  // namespace calandria
