// Every system call of the shim goes through here, so that it can be pointed at another
// implementation: what all systems have stands in this file, what each has of its own in the one
// that it includes at the end. (The trials of probe*.cc try the calls themselves.)
//
// All return a value or -errno, with the system's own numbers; what leaves the shim is Linux's
// (errors.h). Calls that may wait retry when a signal interrupted them (signal(7)); `interrupted`
// counts how often.
#pragma once

#include <cerrno>
#include <cstdint>
#include <ctime>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/select.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>

#include "compiler.h"

// Linux's own interfaces, unless a library is to stand in for kqueue(2): then everything is done as
// on the systems that have it.
#if defined(__linux__) && !defined(CALANDRIA_KQUEUE)
#define CALANDRIA_LINUX 1
#endif

namespace calandria {

inline long system_result(long result) { return CALANDRIA_UNLIKELY(result < 0) ? -errno : result; }

template <typename Call>
inline long system_retry(uint64_t* interrupted, Call call) {
  for (;;) {
    const long result = system_result(call());
    if (CALANDRIA_LIKELY(result != -EINTR)) return result;
    ++*interrupted;
  }
}

/** For calls on threads, whose interruptions nobody counts. */
template <typename Call>
inline long system_repeat(Call call) {
  uint64_t interrupted = 0;
  return system_retry(&interrupted, call);
}

// ── Descriptors ──

/** F_GETFL (fcntl(2)). */
inline int system_flags(int fd) { return static_cast<int>(system_result(fcntl(fd, F_GETFL))); }

inline int system_set_flags(int fd, int flags) {
  return static_cast<int>(system_result(fcntl(fd, F_SETFL, flags)));
}

/** Another descriptor of the same open file, closed on exec, `least` or above. */
inline int system_duplicate(int fd, int least) {
  return static_cast<int>(system_result(fcntl(fd, F_DUPFD_CLOEXEC, least)));
}

/** Of the open file, so of every descriptor that shares it (FIONBIO). */
inline int system_not_blocking(int fd) {
  int on = 1;
  return static_cast<int>(system_result(ioctl(fd, FIONBIO, &on)));
}

/** Bytes that can be read (FIONREAD). */
inline int system_available(int fd) {
  int available = 0;
  const long result = system_result(ioctl(fd, FIONREAD, &available));
  return result < 0 ? static_cast<int>(result) : available;
}

inline int system_status(int fd, struct stat* status) {
  return static_cast<int>(system_result(fstat(fd, status)));
}

/** poll(2) of one descriptor: the bits that it answers, 0 for none. */
inline short system_ready(int fd, short wanted, int milliseconds) {
  struct pollfd one = {fd, wanted, 0};
  return poll(&one, 1, milliseconds) > 0 ? one.revents : 0;
}

/** select(2): as system_poll, rounded up to a microsecond. */
inline int system_select(int total, fd_set* read, fd_set* write, fd_set* except,
                         int64_t nanoseconds) {
  const int64_t microseconds = (nanoseconds + 999) / 1000;
  struct timeval most = {};
  most.tv_sec = static_cast<time_t>(microseconds / 1000000);
  most.tv_usec = static_cast<suseconds_t>(microseconds % 1000000);
  return static_cast<int>(
      system_result(select(total, read, write, except, nanoseconds < 0 ? nullptr : &most)));
}

// ── Sockets ──

inline int system_bind(int fd, const struct sockaddr* name, socklen_t length) {
  return static_cast<int>(system_result(bind(fd, name, length)));
}

inline int system_listen(int fd, int backlog) {
  return static_cast<int>(system_result(listen(fd, backlog)));
}

/** Not retried: interrupted, it goes on in the background (connect(2)). */
inline int system_connect(int fd, const struct sockaddr* name, socklen_t length) {
  return static_cast<int>(system_result(connect(fd, name, length)));
}

inline int system_shut_down(int fd) {
  return static_cast<int>(system_result(shutdown(fd, SHUT_WR)));
}

inline int system_set_option(int fd, int level, int name, const void* value, socklen_t length) {
  return static_cast<int>(system_result(setsockopt(fd, level, name, value, length)));
}

inline int system_set_number(int fd, int level, int name, int value) {
  return system_set_option(fd, level, name, &value, sizeof value);
}

inline int system_get_option(int fd, int level, int name, void* value, socklen_t* length) {
  return static_cast<int>(system_result(getsockopt(fd, level, name, value, length)));
}

/** The option's number in `value`; 0, or -errno. */
inline int system_get_number(int fd, int level, int name, int* value) {
  socklen_t length = sizeof *value;
  return system_get_option(fd, level, name, value, &length);
}

inline int system_own_name(int fd, struct sockaddr_storage* name) {
  socklen_t length = sizeof *name;
  return static_cast<int>(
      system_result(getsockname(fd, reinterpret_cast<struct sockaddr*>(name), &length)));
}

inline int system_peer_name(int fd, struct sockaddr_storage* name) {
  socklen_t length = sizeof *name;
  return static_cast<int>(
      system_result(getpeername(fd, reinterpret_cast<struct sockaddr*>(name), &length)));
}

// ── Files ──

inline int system_open(const char* path, int flags, mode_t mode) {
  return static_cast<int>(system_repeat([&] { return open(path, flags, mode); }));
}

/** As system_open, of a name in a folder. */
inline int system_open_in(int folder, const char* name, int flags) {
  return static_cast<int>(system_repeat([&] { return openat(folder, name, flags); }));
}

/** Of a name in a folder; a link is looked at itself. */
inline int system_status_in(int folder, const char* name, struct stat* status) {
  return static_cast<int>(system_result(fstatat(folder, name, status, AT_SYMLINK_NOFOLLOW)));
}

/** The folder once more, to be read from its beginning. */
inline int system_open_folder(int fd) {
  return system_open_in(fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
}

inline int system_unlink(const char* path) {
  return static_cast<int>(system_result(unlink(path)));
}

inline long system_read_at(int fd, void* bytes, size_t length, uint64_t offset) {
  return system_repeat([&] { return pread(fd, bytes, length, static_cast<off_t>(offset)); });
}

inline long system_write_at(int fd, const void* bytes, size_t length, uint64_t offset) {
  return system_repeat([&] { return pwrite(fd, bytes, length, static_cast<off_t>(offset)); });
}

inline long system_sync(int fd) { return system_repeat([&] { return fsync(fd); }); }

inline long system_truncate(int fd, uint64_t length) {
  return system_repeat([&] { return ftruncate(fd, static_cast<off_t>(length)); });
}

/** Where the next read or write of the open file begins, or -errno. */
inline int64_t system_position(int fd) { return system_result(lseek(fd, 0, SEEK_CUR)); }

// ── Memory, time, limits ──

/** Null when it is refused; of a file, for reading. */
inline void* system_map(int fd, uint64_t offset, size_t length) {
  void* map = mmap(nullptr, length, PROT_READ, MAP_SHARED, fd, static_cast<off_t>(offset));
  return map == MAP_FAILED ? nullptr : map;
}

/** Pages of zeros that cost nothing before they are touched; null when there is no memory. */
inline void* system_reserve(size_t length) {
#ifdef MAP_NORESERVE
  constexpr int how = MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE;
#else
  constexpr int how = MAP_PRIVATE | MAP_ANON;
#endif
  void* area = mmap(nullptr, length, PROT_READ | PROT_WRITE, how, -1, 0);
  return area == MAP_FAILED ? nullptr : area;
}

inline void system_unmap(void* map, size_t length) { munmap(map, length); }

inline size_t system_page_size() { return static_cast<size_t>(sysconf(_SC_PAGESIZE)); }

/** Nanoseconds of a clock that never goes back. */
inline uint64_t system_now() {
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return static_cast<uint64_t>(now.tv_sec) * 1000000000u + static_cast<uint64_t>(now.tv_nsec);
}

inline int system_limit(int resource, struct rlimit* limit) {
  return static_cast<int>(system_result(getrlimit(resource, limit)));
}

inline int system_set_limit(int resource, const struct rlimit* limit) {
  return static_cast<int>(system_result(setrlimit(resource, limit)));
}

// ── Processes ──

/** posix_spawnp(3). */
inline int system_spawn(pid_t* process, const char* file,
                        const posix_spawn_file_actions_t* actions,
                        const posix_spawnattr_t* attributes, char* const* arguments,
                        char* const* variables) {
  return -posix_spawnp(process, file, actions, attributes, arguments, variables);
}

inline int system_kill(pid_t process, int signal) {
  return static_cast<int>(system_result(kill(process, signal)));
}

/** As waitpid(2): the process, 0 when it has not ended (WNOHANG), or -errno. */
inline pid_t system_reap(pid_t process, int* status, int how) {
  return static_cast<pid_t>(system_repeat([&] { return waitpid(process, status, how); }));
}

}  // namespace calandria

#ifdef __linux__
#include "system_linux_figures.h"
#endif
#ifdef CALANDRIA_LINUX
#include "system_linux.h"
#else
#include "system_portable.h"
#endif

// Names of the layout that some of these headers have macros for.
#undef BLOCK_SIZE
#undef PAGE_SIZE
