#include "adopt.h"

#include <cerrno>
#include <cstdlib>
#include <fcntl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "file_streams.h"
#include "names.h"
#include "pipes.h"
#include "probe.h"
#include "system.h"

namespace calandria {

namespace {

void describe(uint8_t* name, uint16_t kind) {
  const uint16_t family = layout::FAMILY_DESCRIPTOR;
  memset(name, 0, layout::PEER_SIZE);
  memcpy(name + layout::PEER_FAMILY, &family, sizeof family);
  memcpy(name + layout::PEER_PORT, &kind, sizeof kind);
}

int32_t close_socket(Shim* shim, const Descriptor* descriptor) {
  shim->interface->detach(shim, descriptor->fd);
  return close_descriptor(descriptor->fd);
}

/** As a stream that was dialled, but for its end: others may hold the same socket. */
Source adopted_socket() {
  Source source = stream_source;
  source.name = "adopted socket";
  source.close = close_socket;
  source.send_file = nullptr;
  return source;
}

const Source socket_source = adopted_socket();

/** As answer_opened, but what cannot be attached stays with whoever had it. */
int32_t answer_adopted(Shim* shim, const OpenRequest* request, ReadRoom* room,
                       const Source* source, Pipe* pipe, const uint8_t* name) {
  const int fd = request->argument;
  // One epoll says so itself. Several know nothing of what the others have, poll(2) of nothing, to
  // a ring it is one request more, and to kqueue(2) a change of what it has.
  const bool ignorant = shim->nest.total > 1 || shim->interface->levels ||
                        shim->uring != nullptr || shim->interface->settle != nullptr;
  int result = ignorant && descriptor_known(shim, fd) ? -EEXIST : 0;
  if (result == 0) {
    result = shim->interface->attach(shim, fd, request->record, request->generation, false);
  }
  if (result == 0 && shim->interface->settle != nullptr) {
    result = shim->interface->settle(shim, request->record, request->generation);
  }
  if (result < 0) {
    pipe_free(pipe, fd);
    return result;
  }
  result = descriptor_keep(shim, request->record, request->generation, fd, source, pipe);
  if (result < 0) {
    shim->interface->detach(shim, fd);
    pipe_free(pipe, fd);
    return result;
  }
  answer_name(shim, request->entry, room, name);
  return layout::OPENED_DOUBTFUL;
}

int option_of(int fd, int name) {
  int value = 0;
  const int result = system_get_number(fd, SOL_SOCKET, name, &value);
  return result < 0 ? result : value;
}

int32_t adopt_socket(Shim* shim, const OpenRequest* request, ReadRoom* room) {
  const int fd = request->argument;
  // Datagrams have boundaries, which a stream of bytes would lose.
  if (option_of(fd, SO_TYPE) != SOCK_STREAM) return -EPROTOTYPE;
  if (option_of(fd, SO_ACCEPTCONN) != 0) return -EOPNOTSUPP;
  struct sockaddr_storage peer = {};
  uint8_t name[layout::PEER_SIZE];
  const int result = system_peer_name(fd, &peer);
  if (result < 0) return result;
  if (peer.ss_family == AF_UNIX) describe(name, layout::DESCRIPTOR_SOCKET);
  else name_to_peer(&peer, name);
  return answer_adopted(shim, request, room, &socket_source, nullptr, name);
}

}  // namespace

int32_t adopt_open(Shim* shim, const OpenRequest* request, ReadRoom* room) {
  const int fd = request->argument;
  struct stat status;
  const int known = system_status(fd, &status);
  if (known < 0) return known;
  if (S_ISSOCK(status.st_mode)) return adopt_socket(shim, request, room);
  if (S_ISDIR(status.st_mode)) return -EISDIR;
  const int flags = system_flags(fd);
  if (flags < 0) return flags;
  const int access = flags & O_ACCMODE;
  const bool reads = access != O_WRONLY;
  const bool writes = access != O_RDONLY;
  if (S_ISREG(status.st_mode)) return file_stream_open(shim, request, room, reads, writes);
  Pipe* pipe = pipe_create(fd, Asking::nowait, reads, writes);
  if (pipe == nullptr) return -ENOMEM;
  pipe->shared = true;
  pipe->device = S_ISCHR(status.st_mode);
  if (without("rwf_nowait")) pipe_fall_back(pipe, fd);
  uint8_t name[layout::PEER_SIZE];
  describe(name, isatty(fd)                  ? layout::DESCRIPTOR_TERMINAL
                 : S_ISFIFO(status.st_mode) ? layout::DESCRIPTOR_PIPE
                                            : layout::DESCRIPTOR_UNKNOWN);
  return answer_adopted(shim, request, room, &pipe_source, pipe, name);
}

}  // namespace calandria
