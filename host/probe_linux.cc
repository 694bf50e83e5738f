// Trials of calls that only Linux has. System calls are made by number where a C library is slow to
// get a wrapper.
#include "probe.h"
#include "probe_trials.h"

#include <cerrno>
#include <cstring>
#include <fcntl.h>
#include <linux/aio_abi.h>
#include <linux/io_uring.h>
#include <linux/netlink.h>
#include <signal.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/inotify.h>
#include <sys/sendfile.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/timerfd.h>
#include <sys/uio.h>
#include <unistd.h>

// The kernel's numbers never change; the headers may be older than the kernel.
#ifndef SYS_cachestat
#define SYS_cachestat 451
#endif
#ifndef SYS_openat2
#define SYS_openat2 437
#endif
#ifndef RWF_NOWAIT
#define RWF_NOWAIT 0x00000008
#endif
#ifndef RWF_NOSIGNAL
#define RWF_NOSIGNAL 0x00000100
#endif

namespace calandria {

namespace {

/** Of a descriptor that was only to be had. */
int opened(long fd) {
  if (fd < 0) return -errno;
  close(static_cast<int>(fd));
  return 0;
}

int answer(long result) { return result < 0 ? -errno : 0; }

int try_epoll(const Bench*) { return opened(epoll_create1(EPOLL_CLOEXEC)); }
int try_eventfd(const Bench*) { return opened(eventfd(0, EFD_CLOEXEC)); }
int try_timerfd(const Bench*) { return opened(timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC)); }
int try_inotify(const Bench*) { return opened(inotify_init1(IN_CLOEXEC)); }
int try_pidfd(const Bench*) { return opened(syscall(SYS_pidfd_open, getpid(), 0)); }

int try_signalfd(const Bench*) {
  sigset_t none;
  sigemptyset(&none);
  return opened(signalfd(-1, &none, SFD_CLOEXEC));
}

int try_netlink(const Bench*) {
  return opened(socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE));
}

int try_exclusive(const Bench* bench) {
  if (without("epoll")) return -ENOSYS;
  const int notifier = epoll_create1(EPOLL_CLOEXEC);
  if (notifier < 0) return -errno;
  struct epoll_event event = {};
  event.events = EPOLLIN | EPOLLEXCLUSIVE;
  const int result = answer(epoll_ctl(notifier, EPOLL_CTL_ADD, bench->pipe[0], &event));
  close(notifier);
  return result;
}

int try_aio(const Bench*) {
  aio_context_t context = 0;
  if (syscall(SYS_io_setup, 1, &context) < 0) return -errno;
  return answer(syscall(SYS_io_destroy, context));
}

int try_ring(const Bench*) {
  struct io_uring_params parameters = {};
  return opened(syscall(SYS_io_uring_setup, 1, &parameters));
}

int read_file(const Bench* bench, int flags) {
  if (bench->file < 0) return bench->file_error;
  char byte;
  const struct iovec vector = {&byte, 1};
  const long result = syscall(SYS_preadv2, bench->file, &vector, 1, 0, 0, flags);
  // "Not without waiting" is an answer too.
  return result < 0 && errno != EAGAIN ? -errno : 0;
}

int try_preadv2(const Bench* bench) { return read_file(bench, 0); }
int try_nowait(const Bench* bench) { return read_file(bench, RWF_NOWAIT); }

int empty_pipe(const Bench* bench) {
  char byte;
  return answer(read(bench->pipe[0], &byte, 1));
}

int try_nosignal(const Bench* bench) {
  char byte = 0;
  const struct iovec vector = {&byte, 1};
  const long result = syscall(SYS_pwritev2, bench->pipe[1], &vector, 1, -1L, -1L, RWF_NOSIGNAL);
  return result < 0 ? -errno : empty_pipe(bench);
}

int try_cachestat(const Bench* bench) {
  if (bench->file < 0) return bench->file_error;
  uint64_t range[2] = {0, FILE_BYTES};
  uint64_t figures[5];
  return answer(syscall(SYS_cachestat, bench->file, range, figures, 0));
}

int try_openat2(const Bench*) {
  // struct open_how (openat2(2)): flags, mode, resolve.
  const uint64_t how[3] = {O_PATH | O_CLOEXEC, 0, 0};
  return opened(syscall(SYS_openat2, AT_FDCWD, "/", how, sizeof how));
}

int try_direct(const Bench* bench) {
  if (bench->file < 0) return bench->file_error;
  alignas(4096) static char page[FILE_BYTES];
  const int flags = fcntl(bench->file, F_GETFL);
  if (flags < 0 || fcntl(bench->file, F_SETFL, flags | O_DIRECT) < 0) return -errno;
  const int result = answer(pread(bench->file, page, sizeof page, 0));
  return fcntl(bench->file, F_SETFL, flags) < 0 ? -errno : result;
}

int try_sendfile(const Bench* bench) {
  if (bench->file < 0) return bench->file_error;
  off_t offset = 0;
  if (sendfile(bench->pair[0], bench->file, &offset, 1) < 0) return -errno;
  char byte;
  return answer(recv(bench->pair[1], &byte, 1, MSG_DONTWAIT));
}

int try_splice(const Bench* bench) {
  if (bench->file < 0) return bench->file_error;
  loff_t offset = 0;
  if (splice(bench->file, &offset, bench->pipe[1], nullptr, 1, SPLICE_F_NONBLOCK) < 0) {
    return -errno;
  }
  return empty_pipe(bench);
}

int try_messages(const Bench* bench, bool sends) {
  char byte = 0;
  struct iovec vector = {&byte, 1};
  struct mmsghdr message = {};
  message.msg_hdr.msg_iov = &vector;
  message.msg_hdr.msg_iovlen = 1;
  const int from = bench->pair[0];
  const int to = bench->pair[1];
  const long sent = sends ? sendmmsg(from, &message, 1, MSG_NOSIGNAL)
                          : send(from, &byte, 1, MSG_NOSIGNAL);
  if (sent < 0) return -errno;
  return answer(sends ? recv(to, &byte, 1, MSG_DONTWAIT)
                      : recvmmsg(to, &message, 1, MSG_DONTWAIT, nullptr));
}

int try_sendmmsg(const Bench* bench) { return try_messages(bench, true); }
int try_recvmmsg(const Bench* bench) { return try_messages(bench, false); }

}  // namespace

const Trial system_trials[] = {
    {"epoll", -1, try_epoll},
    {"epollexclusive", static_cast<int64_t>(EPOLLEXCLUSIVE), try_exclusive},
    {"eventfd", -1, try_eventfd},
    {"timerfd", -1, try_timerfd},
    {"signalfd", -1, try_signalfd},
    {"pidfd_open", -1, try_pidfd},
    {"inotify", -1, try_inotify},
    {"netlink", -1, try_netlink},
    {"aio", -1, try_aio},
    {"io_uring", -1, try_ring},
    {"io_uring_multishot", -1, try_ring_multishot},
    {"io_uring_no_mmap", -1, try_ring_no_mmap},
    {"preadv2", -1, try_preadv2},
    {"rwf_nowait", RWF_NOWAIT, try_nowait},
    {"rwf_nosignal", RWF_NOSIGNAL, try_nosignal},
    {"cachestat", -1, try_cachestat},
    {"openat2", -1, try_openat2},
    {"o_direct", O_DIRECT, try_direct},
    {"sendfile", -1, try_sendfile},
    {"splice", -1, try_splice},
    {"sendmmsg", -1, try_sendmmsg},
    {"recvmmsg", -1, try_recvmmsg},
};

const uint32_t system_trials_count = sizeof system_trials / sizeof *system_trials;

}  // namespace calandria
