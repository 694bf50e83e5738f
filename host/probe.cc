#include "probe.h"

#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "probe_trials.h"

namespace calandria {

namespace {

/** A copy: the environment may be written to while another thread asks. */
char switched_off[1024];

/** When the shim is loaded, so before any thread of it runs. */
__attribute__((constructor)) void read_switches() {
  const char* names = getenv("CALANDRIA_WITHOUT");
  if (names == nullptr) return;
  strncpy(switched_off, names, sizeof switched_off - 1);
}

void close_one(int fd) {
  if (fd >= 0) close(fd);
}

/** Without a name from the start where the system knows how, else unlinked at once. */
int open_unnamed(const char* folder) {
#ifdef O_TMPFILE
  const int unnamed = open(folder, O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
  if (unnamed >= 0) return unnamed;
#endif
  constexpr char name[] = "/calandria-XXXXXX";
  char path[1024];
  const size_t length = strlen(folder);
  if (length + sizeof name > sizeof path) return -ENAMETOOLONG;
  memcpy(path, folder, length);
  memcpy(path + length, name, sizeof name);
  const int fd = mkstemp(path);
  if (fd < 0) return -errno;
  unlink(path);
  fcntl(fd, F_SETFD, FD_CLOEXEC);
  return fd;
}

void open_file(Bench* bench, const char* folder) {
  bench->file = open_unnamed(folder);
  // A hole: bytes that were written would have to reach the disk before a direct read.
  if (bench->file >= 0 && ftruncate(bench->file, FILE_BYTES) == 0) return;
  bench->file_error = bench->file < 0 ? bench->file : -errno;
  close_one(bench->file);
  bench->file = -1;
}

// In one call where the system can, so that no other thread starts a process in between.
#ifdef SOCK_CLOEXEC
constexpr int STREAM = SOCK_STREAM | SOCK_CLOEXEC;
int open_pipe(int fds[2]) { return pipe2(fds, O_CLOEXEC); }
void keep_from_children(const int[2]) {}
#else
constexpr int STREAM = SOCK_STREAM;
int open_pipe(int fds[2]) { return pipe(fds); }
void keep_from_children(const int fds[2]) {
  for (int side = 0; side < 2; side++) fcntl(fds[side], F_SETFD, FD_CLOEXEC);
}
#endif

/** Bounded by a poll: a loopback interface may be filtered, or down. */
void open_stream(Bench* bench) {
  bench->listener = socket(AF_INET, STREAM, 0);
  bench->stream = socket(AF_INET, STREAM, 0);
  if (bench->listener < 0 || bench->stream < 0) return;
  const int both[2] = {bench->listener, bench->stream};
  keep_from_children(both);
  struct sockaddr_in name = {};
  name.sin_family = AF_INET;
  name.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  auto* bare = reinterpret_cast<struct sockaddr*>(&name);
  socklen_t length = sizeof name;
  if (bind(bench->listener, bare, length) < 0 || listen(bench->listener, 1) < 0) return;
  if (getsockname(bench->listener, bare, &length) < 0) return;
  fcntl(bench->stream, F_SETFL, fcntl(bench->stream, F_GETFL) | O_NONBLOCK);
  if (connect(bench->stream, bare, length) == 0 || errno != EINPROGRESS) return;
  struct pollfd writable = {bench->stream, POLLOUT, 0};
  poll(&writable, 1, 100);
}

void open_bench(Bench* bench, const char* folder) {
  *bench = {-1, 0, {-1, -1}, {-1, -1}, -1, -1};
  open_file(bench, folder);
  if (socketpair(AF_UNIX, STREAM, 0, bench->pair) == 0) keep_from_children(bench->pair);
  if (open_pipe(bench->pipe) == 0) keep_from_children(bench->pipe);
  open_stream(bench);
}

void close_bench(const Bench* bench) {
  close_one(bench->file);
  for (int side = 0; side < 2; side++) {
    close_one(bench->pair[side]);
    close_one(bench->pipe[side]);
  }
  close_one(bench->stream);
  close_one(bench->listener);
}

uint32_t run(const Trial* trials, uint32_t count, const Bench* bench, Capability* answers,
             uint32_t used) {
  for (uint32_t place = 0; place < count && used < PROBE_MAX; place++) {
    const Trial* trial = &trials[place];
    const int result = without(trial->name) ? PROBE_SWITCHED_OFF : trial->attempt(bench);
    answers[used++] = {trial->name, result, trial->value};
  }
  return used;
}

}  // namespace

bool without(const char* name) {
  const size_t length = strlen(name);
  for (const char* at = switched_off; *at != 0;) {
    const size_t span = strcspn(at, ",");
    if (span == length && memcmp(at, name, length) == 0) return true;
    at += span;
    if (*at == ',') at++;
  }
  return false;
}

uint32_t probe(const char* folder, Capability answers[PROBE_MAX]) {
  Bench bench;
  open_bench(&bench, folder);
  uint32_t used = run(system_trials, system_trials_count, &bench, answers, 0);
  used = run(socket_trials, socket_trials_count, &bench, answers, used);
  close_bench(&bench);
  return used;
}

}  // namespace calandria
