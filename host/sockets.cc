#include "sockets.h"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/un.h>

#include "names.h"
#include "outgoing.h"
#include "probe.h"
#include "send_file.h"
#include "system.h"

namespace calandria {

namespace {

int32_t answer_peer(Shim* shim, uint32_t entry, ReadRoom* room,
                    const struct sockaddr_storage* name) {
  uint8_t peer[layout::PEER_SIZE];
  name_to_peer(name, peer);
  return answer_name(shim, entry, room, peer);
}

int apply_options(int fd, uint32_t options, int family) {
  int result = 0;
  if (options & layout::SOCKET_REUSE_PORT) {
    result = system_set_number(fd, SOL_SOCKET, SO_REUSEPORT, 1);
  }
  if (result == 0 && (options & layout::SOCKET_KEEP_ALIVE)) {
    result = system_set_number(fd, SOL_SOCKET, SO_KEEPALIVE, 1);
  }
  // Inherited by accepted sockets (tcp(7)), so it costs no call a connection.
  if (result == 0 && (options & layout::SOCKET_NO_DELAY) && family != AF_UNIX) {
    result = system_set_number(fd, IPPROTO_TCP, TCP_NODELAY, 1);
  }
  if (result == 0 && family == AF_INET6) {
    const int only = (options & layout::SOCKET_IPV6_ONLY) ? 1 : 0;
    result = system_set_number(fd, IPPROTO_IPV6, IPV6_V6ONLY, only);
  }
  return result;
}

int32_t answer_local(Shim* shim, uint32_t entry, ReadRoom* room, int fd) {
  struct sockaddr_storage name = {};
  const int result = system_own_name(fd, &name);
  return result < 0 ? result : answer_peer(shim, entry, room, &name);
}

int32_t connect_status(Shim* shim, Descriptor* descriptor, uint32_t entry, ReadRoom* room) {
  const int fd = descriptor->fd;
  if (!read_room_ensure(room, layout::PEER_SIZE)) return -ECANCELED;
  int error = 0;
  const int asked = system_get_number(fd, SOL_SOCKET, SO_ERROR, &error);
  if (asked < 0) return asked;
  return error != 0 ? -error : answer_local(shim, entry, room, fd);
}

CALANDRIA_HOT int32_t receive(Shim* shim, Descriptor* descriptor, uint32_t entry, ReadRoom* room) {
  const Memory* memory = &shim->memory;
  const uint32_t want = field(shim, entry, layout::SUBMISSION_LENGTH);
  if (!read_room_ensure(room, field(shim, entry, layout::SUBMISSION_ARGUMENT))) return -ENOBUFS;
  const uint32_t left = room->limit - room->cursor;
  count(memory, layout::COUNTER_HOST_RECEIVES);
  const long result =
      system_receive(&shim->interrupted, descriptor->fd, memory->base + room->cursor,
                     want < left ? want : left);
  if (result > 0) {
    store_word(memory, entry + layout::SUBMISSION_EXTRA, static_cast<int32_t>(room->cursor));
    room->cursor += static_cast<uint32_t>(result);
  }
  return static_cast<int32_t>(result);
}

CALANDRIA_HOT int32_t send_pieces(Shim* shim, Descriptor* descriptor, uint32_t entry) {
  Outgoing outgoing;
  if (!outgoing_open(&outgoing, shim, entry)) return -EPROTO;
  return static_cast<int32_t>(outgoing_send(&outgoing, shim, descriptor->fd, 0));
}

int32_t sample(Shim* shim, Descriptor* descriptor, uint32_t entry) {
  const int fd = descriptor->fd;
  store_word(&shim->memory, entry + layout::SUBMISSION_EXTRA, layout::UNKNOWN);
  if (load_word(&shim->memory, entry + layout::SUBMISSION_ARGUMENT) == 1) {
    const long waiting = system_accept_queue(fd);
    return waiting < 0 ? layout::UNKNOWN : static_cast<int32_t>(waiting);
  }
  const int available = system_available(fd);
  if (available < 0 || without("so_meminfo")) return available;
  const long space = system_send_room(fd, SOCK_STREAM);
  if (space >= 0) {
    store_word(&shim->memory, entry + layout::SUBMISSION_EXTRA, static_cast<int32_t>(space));
  }
  return available;
}

int32_t set_option(Shim* shim, Descriptor* descriptor, uint32_t entry) {
  const int fd = descriptor->fd;
  const int value = load_word(&shim->memory, entry + layout::SUBMISSION_LENGTH);
  switch (load_word(&shim->memory, entry + layout::SUBMISSION_ARGUMENT)) {
    case layout::SOCKET_NO_DELAY:
      return system_set_number(fd, IPPROTO_TCP, TCP_NODELAY, value);
    case layout::SOCKET_KEEP_ALIVE:
      return system_set_number(fd, SOL_SOCKET, SO_KEEPALIVE, value);
    default:
      return -EINVAL;
  }
}

/** What LISTEN answers, so that 0 is left to hosts that have no descriptors. */
int32_t listening_on(int fd) { return fd + 1; }

/** Others may have the same socket, which outlives this descriptor then. */
int32_t close_listener(Shim* shim, const Descriptor* descriptor) {
  shim->interface->detach(shim, descriptor->fd);
  return static_cast<int32_t>(system_close(descriptor->fd));
}

/** Listens already? 0, or -errno. */
int check_given(const Shim* shim, int fd, bool shared) {
  int listens = 0;
  int type = 0;
  int result = system_get_number(fd, SOL_SOCKET, SO_TYPE, &type);
  if (result == 0) result = system_get_number(fd, SOL_SOCKET, SO_ACCEPTCONN, &listens);
  if (result < 0) return result;
  if (type != SOCK_STREAM) return -EPROTOTYPE;
  if (listens == 0) return -EINVAL;
  // Whom it signals is a matter of the open file: who came last would take it from the others.
  if (shared && shim->realtime != nullptr) return -EOPNOTSUPP;
  return !shared && descriptor_known(shim, fd) ? -EEXIST : 0;
}

/** LISTEN with SOCKET_GIVEN: what fails leaves the descriptor to whoever had it. */
int32_t open_given(Shim* shim, uint32_t entry, ReadRoom* room, uint32_t options) {
  const int given = load_word(&shim->memory, entry + layout::SUBMISSION_EXTRA);
  const uint32_t record = field(shim, entry, layout::SUBMISSION_RECORD);
  const uint32_t generation = field(shim, entry, layout::SUBMISSION_GENERATION);
  const bool shared = options & layout::SOCKET_SHARED;
  int result = check_given(shim, given, shared);
  if (result < 0) return result;
  // Another may take the connection that both were woken for.
  result = system_not_blocking(given);
  struct sockaddr_storage name = {};
  if (result == 0) result = system_own_name(given, &name);
  const int family = name.ss_family == AF_UNIX ? AF_UNIX : AF_INET;
  // What is accepted inherits them, whoever accepts it.
  if (result == 0 && !shared) result = apply_options(given, options, family);
  if (result < 0) return result;
  const int fd = shared ? system_duplicate(given, 0) : given;
  if (fd < 0) return fd;
  result = descriptor_keep(shim, record, generation, fd, shim->interface->listener, nullptr);
  if (result == 0) {
    shim->descriptors[record].given = true;
    result = shim->interface->attach(shim, fd, record, generation, true);
    if (result < 0) shim->descriptors[record].fd = -1;
  }
  if (result < 0) {
    if (shared) system_close(fd);
    return result;
  }
  result = answer_peer(shim, entry, room, &name);
  return result < 0 ? result : listening_on(fd);
}

}  // namespace

const Source stream_source = {"stream",   connect_status, receive, send_pieces, sample,
                              set_option, nullptr,        nullptr, nullptr,     nullptr,
                              send_file};

const Source listener_source = {"listener", nullptr, nullptr, nullptr, sample,
                                set_option, nullptr, close_listener, nullptr, socket_accept};

int32_t socket_open(Shim* shim, uint32_t entry, ReadRoom* room, bool dial) {
  const Memory* memory = &shim->memory;
  const uint32_t address = field(shim, entry, layout::SUBMISSION_ADDRESS);
  const uint32_t length = field(shim, entry, layout::SUBMISSION_LENGTH);
  const uint32_t argument = field(shim, entry, layout::SUBMISSION_ARGUMENT);
  const int backlog = load_word(memory, entry + layout::SUBMISSION_EXTRA);
  const uint32_t record = field(shim, entry, layout::SUBMISSION_RECORD);
  const uint32_t generation = field(shim, entry, layout::SUBMISSION_GENERATION);
  const uint32_t options = argument >> 16;
  if (!inside(memory, address, length)) return -EPROTO;
  if (!read_room_ensure(room, layout::PEER_SIZE)) return -ECANCELED;
  if (options & layout::SOCKET_GIVEN) return open_given(shim, entry, room, options);
  Name name;
  int result = name_parse(&name, memory->base + address, length, static_cast<uint16_t>(argument),
                          options & layout::SOCKET_LOCAL);
  if (result < 0) return result;
  const int family = name.storage.ss_family;
  const int fd = system_socket(family, SOCK_STREAM, 0);
  if (fd < 0) return fd;
  result = apply_options(fd, options, family);
  const auto* bare = reinterpret_cast<const struct sockaddr*>(&name.storage);
  bool connecting = false;
  if (result == 0 && !dial) {
    // A server that restarts must not wait for its own old connections (socket(7), SO_REUSEADDR).
    result = system_set_number(fd, SOL_SOCKET, SO_REUSEADDR, 1);
    if (result == 0) result = system_bind(fd, bare, name.length);
    if (result == 0) result = system_listen(fd, backlog);
  } else if (result == 0) {
    result = system_connect(fd, bare, name.length);
    // connect(2): interrupted, it goes on in the background, like one in progress.
    if (result == -EINPROGRESS || result == -EINTR) {
      connecting = true;
      result = 0;
    }
  }
  if (result == 0) {
    const Source* source = dial ? shim->interface->stream : shim->interface->listener;
    result = descriptor_keep(shim, record, generation, fd, source, nullptr);
  }
  if (result < 0) {
    system_close(fd);
    return result;
  }
  // From here on the table owns the descriptor: a failure is cleaned up by the close that follows
  // it.
  result = shim->interface->attach(shim, fd, record, generation, !dial);
  if (result < 0) return result;
  if (connecting) return -EINPROGRESS;
  result = answer_local(shim, entry, room, fd);
  return result < 0 || dial ? result : listening_on(fd);
}

int32_t socket_accept(Shim* shim, Descriptor* descriptor, uint32_t entry, ReadRoom* room) {
  if (!read_room_ensure(room, layout::PEER_SIZE)) return -ECANCELED;
  count(&shim->memory, layout::COUNTER_HOST_ACCEPTS);
  struct sockaddr_storage name = {};
  socklen_t length = sizeof name;
  const int accepted = static_cast<int>(
      system_accept(&shim->interrupted, descriptor->fd, reinterpret_cast<struct sockaddr*>(&name),
                    &length));
  if (accepted < 0) return accepted;
  return socket_accepted(shim, entry, room, accepted, &name, true);
}

int32_t socket_accepted(Shim* shim, uint32_t entry, ReadRoom* room, int fd,
                        const struct sockaddr_storage* name, bool attached) {
  const uint32_t child = field(shim, entry, layout::SUBMISSION_ADDRESS);
  const uint32_t generation = field(shim, entry, layout::SUBMISSION_LENGTH);
  int result = descriptor_keep(shim, child, generation, fd, shim->interface->stream, nullptr);
  if (result == 0 && attached) {
    result = shim->interface->attach(shim, fd, child, generation, false);
    if (result < 0) shim->descriptors[child].fd = -1;
  }
  if (result < 0) {
    system_close(fd);
    return result;
  }
  return answer_peer(shim, entry, room, name);
}

void socket_reset_at_close(int fd) {
  const struct linger now = {1, 0};
  // What is no socket, or knows no reset, is closed as it is.
  (void)system_set_option(fd, SOL_SOCKET, SO_LINGER, &now, sizeof now);
}

void socket_remove_file(int fd) {
  struct sockaddr_storage name = {};
  if (system_own_name(fd, &name) < 0 || name.ss_family != AF_UNIX) return;
  const char* path = reinterpret_cast<const struct sockaddr_un*>(&name)->sun_path;
  if (path[0] != 0) system_unlink(path);
}

}  // namespace calandria
