// Trials of sockets: the ways not to wait, the ways not to be killed by a pipe that broke, and
// options that a host may use.
#include <cerrno>
#include <cstring>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

#ifdef __linux__
#include <linux/sock_diag.h>
#else
#include <sys/event.h>
#endif

#include "probe_trials.h"

namespace calandria {

namespace {

int answer(long result) { return result < 0 ? -errno : 0; }

/** Nothing is to be read, so a read that does not wait says so. */
int expect_empty(int fd, int flags) {
  char byte;
  if (recv(fd, &byte, 1, flags) >= 0) return -EPROTO;
  return errno == EAGAIN || errno == EWOULDBLOCK ? 0 : -errno;
}

/** After a way to set it was tried: is the descriptor non-blocking, and does it act like it? */
int expect_nonblocking(int fd) {
  const int flags = fcntl(fd, F_GETFL);
  if (flags < 0) return -errno;
  if ((flags & O_NONBLOCK) == 0) return -EOPNOTSUPP;
  const int result = expect_empty(fd, 0);
  return fcntl(fd, F_SETFL, flags & ~O_NONBLOCK) < 0 ? -errno : result;
}

int try_by_fcntl(const Bench* bench, int flag) {
  const int fd = bench->pair[0];
  const int flags = fcntl(fd, F_GETFL);
  if (flags < 0 || fcntl(fd, F_SETFL, flags | flag) < 0) return -errno;
  return expect_nonblocking(fd);
}

/** In one call, and without a trace in the descriptor's flags. */
int try_by_receive(const Bench* bench, int flag) {
  const int fd = bench->pair[0];
  // A kernel that does not know the flag would wait for ever.
  const struct timeval bound = {1, 0};
  const struct timeval none = {0, 0};
  if (setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &bound, sizeof bound) < 0) return -errno;
  struct timespec before;
  struct timespec after;
  clock_gettime(CLOCK_MONOTONIC, &before);
  const int result = expect_empty(fd, flag);
  clock_gettime(CLOCK_MONOTONIC, &after);
  setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &none, sizeof none);
  const long milliseconds =
      (after.tv_sec - before.tv_sec) * 1000 + (after.tv_nsec - before.tv_nsec) / 1000000;
  if (result < 0) return result;
  return milliseconds < 1000 && (fcntl(fd, F_GETFL) & O_NONBLOCK) == 0 ? 0 : -EOPNOTSUPP;
}

int try_fionbio(const Bench* bench) {
  int on = 1;
  if (ioctl(bench->pair[0], FIONBIO, &on) < 0) return -errno;
  return expect_nonblocking(bench->pair[0]);
}

int try_send(int from, int to, int flags) {
  char byte = 0;
  const ssize_t sent = send(from, &byte, 1, flags);
  if (sent < 0) return -errno;
  return to < 0 ? 0 : answer(recv(to, &byte, 1, MSG_DONTWAIT));
}

int try_option(int fd, int level, int name, int value) {
  return answer(setsockopt(fd, level, name, &value, sizeof value));
}

#ifdef SO_MEMINFO
int try_meminfo(const Bench* bench) {
  uint32_t figures[SK_MEMINFO_VARS];
  socklen_t length = sizeof figures;
  return answer(getsockopt(bench->stream, SOL_SOCKET, SO_MEMINFO, figures, &length));
}
#endif

#ifdef MSG_ZEROCOPY
int try_zerocopy(const Bench* bench) {
  const int result = try_option(bench->stream, SOL_SOCKET, SO_ZEROCOPY, 1);
  return result < 0 ? result : try_send(bench->stream, -1, MSG_ZEROCOPY | MSG_NOSIGNAL);
}
#endif

#ifdef NOTE_LOWAT
int only_looked_for(const Bench*) { return 0; }
#endif

}  // namespace

#define TRY [](const Bench* bench) -> int

const Trial socket_trials[] = {
    {"o_nonblock", O_NONBLOCK, TRY { return try_by_fcntl(bench, O_NONBLOCK); }},
    {"msg_dontwait", MSG_DONTWAIT, TRY { return try_by_receive(bench, MSG_DONTWAIT); }},
    {"fionbio", static_cast<int64_t>(FIONBIO), try_fionbio},
#ifdef FNONBLOCK
    {"fnonblock", FNONBLOCK, TRY { return try_by_fcntl(bench, FNONBLOCK); }},
#endif
#ifdef O_NDELAY
    {"o_ndelay", O_NDELAY, TRY { return try_by_fcntl(bench, O_NDELAY); }},
#endif
#ifdef MSG_NBIO
    {"msg_nbio", MSG_NBIO, TRY { return try_by_receive(bench, MSG_NBIO); }},
#endif
#ifdef MSG_NOSIGNAL
    {"msg_nosignal", MSG_NOSIGNAL,
     TRY { return try_send(bench->pair[0], bench->pair[1], MSG_NOSIGNAL); }},
#endif
#ifdef SO_NOSIGPIPE
    {"so_nosigpipe", SO_NOSIGPIPE,
     TRY { return try_option(bench->pair[0], SOL_SOCKET, SO_NOSIGPIPE, 1); }},
#endif
#ifdef F_SETNOSIGPIPE
    {"f_setnosigpipe", F_SETNOSIGPIPE,
     TRY { return answer(fcntl(bench->pipe[1], F_SETNOSIGPIPE, 1)); }},
#endif
#ifdef NOTE_LOWAT
    // Only looked for: the kqueue that would honour it belongs to the host.
    {"note_lowat", NOTE_LOWAT, only_looked_for},
#endif
#ifdef SO_REUSEPORT
    {"so_reuseport", SO_REUSEPORT,
     TRY { return try_option(bench->stream, SOL_SOCKET, SO_REUSEPORT, 1); }},
#endif
#ifdef TCP_NOTSENT_LOWAT
    {"tcp_notsent_lowat", TCP_NOTSENT_LOWAT,
     TRY { return try_option(bench->stream, IPPROTO_TCP, TCP_NOTSENT_LOWAT, 16384); }},
#endif
#ifdef TCP_CORK
    {"tcp_cork", TCP_CORK, TRY {
       const int result = try_option(bench->stream, IPPROTO_TCP, TCP_CORK, 1);
       return result < 0 ? result : try_option(bench->stream, IPPROTO_TCP, TCP_CORK, 0);
     }},
#endif
#ifdef TCP_INQ
    {"tcp_inq", TCP_INQ, TRY { return try_option(bench->stream, IPPROTO_TCP, TCP_INQ, 1); }},
#endif
#ifdef SO_MEMINFO
    {"so_meminfo", SO_MEMINFO, try_meminfo},
#endif
#ifdef MSG_MORE
    {"msg_more", MSG_MORE, TRY { return try_send(bench->stream, -1, MSG_MORE | MSG_NOSIGNAL); }},
#endif
#ifdef MSG_ZEROCOPY
    {"msg_zerocopy", MSG_ZEROCOPY, try_zerocopy},
#endif
};

const uint32_t socket_trials_count = sizeof socket_trials / sizeof *socket_trials;

}  // namespace calandria
