#include "datagrams.h"

#include <cstdlib>
#include <netinet/in.h>

#include "datagram_socket.h"
#include "sockets.h"
#include "system.h"

namespace calandria {

namespace {

int apply_options(int fd, uint32_t options, int family) {
  int result = 0;
  if (options & layout::SOCKET_REUSE_PORT) {
    result = system_set_number(fd, SOL_SOCKET, SO_REUSEPORT, 1);
  }
  // Not of itself, as for a listener: it would let another socket take the port (socket(7)).
  if (result == 0 && (options & layout::SOCKET_REUSE_ADDRESS)) {
    result = system_set_number(fd, SOL_SOCKET, SO_REUSEADDR, 1);
  }
  if (result == 0 && (options & layout::SOCKET_BROADCAST)) {
    result = system_set_number(fd, SOL_SOCKET, SO_BROADCAST, 1);
  }
  if (result == 0 && family == AF_INET6) {
    const int only = (options & layout::SOCKET_IPV6_ONLY) ? 1 : 0;
    result = system_set_number(fd, IPPROTO_IPV6, IPV6_V6ONLY, only);
  }
  return result;
}

int bind_and_connect(int fd, const Name* own, const Name* peer) {
  const auto* bare = reinterpret_cast<const struct sockaddr*>(&own->storage);
#ifdef __linux__
  const bool binds = true;
#else
  const bool binds = own->length > sizeof own->storage.ss_family;
#endif
  const int bound = binds ? system_bind(fd, bare, own->length) : 0;
  if (bound < 0 || peer->length == 0) return bound;
  const auto* name = reinterpret_cast<const struct sockaddr*>(&peer->storage);
  return system_connect(fd, name, peer->length);
}

struct Membership {
  uint8_t group[layout::PEER_SIZE];
  uint8_t interface[layout::PEER_SIZE];
};

/** ip(7): IP_ADD_MEMBERSHIP, IP_DROP_MEMBERSHIP and IP_MULTICAST_IF take the same structure. */
int set_membership4(int fd, int name, const Membership* membership) {
#ifdef __NetBSD__
  // It knows interfaces by their addresses alone.
  struct ip_mreq request = {};
  memcpy(&request.imr_multiaddr, membership->group + layout::PEER_BYTES, 4);
  memcpy(&request.imr_interface, membership->interface + layout::PEER_BYTES, 4);
#else
  struct ip_mreqn request = {};
  uint32_t index;
  memcpy(&request.imr_multiaddr, membership->group + layout::PEER_BYTES, 4);
  memcpy(&request.imr_address, membership->interface + layout::PEER_BYTES, 4);
  memcpy(&index, membership->group + layout::PEER_SCOPE, sizeof index);
  request.imr_ifindex = static_cast<int>(index);
#endif
  return system_set_option(fd, IPPROTO_IP, name, &request, sizeof request);
}

/** ipv6(7): interfaces have numbers. */
int set_membership6(int fd, int name, const Membership* membership) {
  struct ipv6_mreq request = {};
  memcpy(&request.ipv6mr_multiaddr, membership->group + layout::PEER_BYTES, 16);
  memcpy(&request.ipv6mr_interface, membership->group + layout::PEER_SCOPE, 4);
  if (name == IPV6_MULTICAST_IF) {
    return system_set_number(fd, IPPROTO_IPV6, name, static_cast<int>(request.ipv6mr_interface));
  }
  return system_set_option(fd, IPPROTO_IPV6, name, &request, sizeof request);
}

int control_membership(int fd, uint32_t control, const uint8_t* bytes) {
  Membership membership;
  memcpy(&membership, bytes, sizeof membership);
  uint16_t family;
  memcpy(&family, membership.group + layout::PEER_FAMILY, sizeof family);
  const bool wide = family == layout::FAMILY_IPV6;
  switch (control) {
    case layout::CONTROL_JOIN:
      return wide ? set_membership6(fd, IPV6_JOIN_GROUP, &membership)
                  : set_membership4(fd, IP_ADD_MEMBERSHIP, &membership);
    case layout::CONTROL_LEAVE:
      return wide ? set_membership6(fd, IPV6_LEAVE_GROUP, &membership)
                  : set_membership4(fd, IP_DROP_MEMBERSHIP, &membership);
    default:
      return wide ? set_membership6(fd, IPV6_MULTICAST_IF, &membership)
                  : set_membership4(fd, IP_MULTICAST_IF, &membership);
  }
}

int control_value(const Descriptor* descriptor, uint32_t control, int value) {
  const int fd = descriptor->fd;
  const bool wide = datagram_socket(descriptor)->family == AF_INET6;
  switch (control) {
    case layout::CONTROL_BROADCAST:
      return system_set_number(fd, SOL_SOCKET, SO_BROADCAST, value);
    case layout::CONTROL_MULTICAST_LOOP:
      return wide ? system_set_number(fd, IPPROTO_IPV6, IPV6_MULTICAST_LOOP, value)
                  : system_set_number(fd, IPPROTO_IP, IP_MULTICAST_LOOP, value);
    case layout::CONTROL_MULTICAST_HOPS:
      return wide ? system_set_number(fd, IPPROTO_IPV6, IPV6_MULTICAST_HOPS, value)
                  : system_set_number(fd, IPPROTO_IP, IP_MULTICAST_TTL, value);
    case layout::CONTROL_HOPS:
      return wide ? system_set_number(fd, IPPROTO_IPV6, IPV6_UNICAST_HOPS, value)
                  : system_set_number(fd, IPPROTO_IP, IP_TTL, value);
    default:
      return -EINVAL;
  }
}

int32_t operate(Shim* shim, Descriptor* descriptor, uint32_t entry, ReadRoom*) {
  const Memory* memory = &shim->memory;
  const uint32_t place = field(shim, entry, layout::SUBMISSION_ARGUMENT);
  if (memory->base[entry + layout::SUBMISSION_DETAIL] != layout::TASK_CONTROL) return -EOPNOTSUPP;
  if (place >= memory->tasks_max) return -EPROTO;
  const uint32_t task = memory->tasks + place * layout::TASK_SIZE;
  // Of CONTROL the high half of the offset says what, the low one is a value.
  const uint64_t offset = load_long(memory, task + layout::TASK_OFFSET);
  const auto control = static_cast<uint32_t>(offset >> 32);
  const uint32_t address = field(shim, entry, layout::SUBMISSION_ADDRESS);
  const uint32_t length = field(shim, entry, layout::SUBMISSION_LENGTH);
  if (length == 0) return control_value(descriptor, control, static_cast<int32_t>(offset));
  if (length != sizeof(Membership) || !inside(memory, address, length)) return -EPROTO;
  return control_membership(descriptor->fd, control, memory->base + address);
}

int32_t sample(Shim* shim, Descriptor* descriptor, uint32_t entry) {
  const Memory* memory = &shim->memory;
  const DatagramSocket* socket = datagram_socket(descriptor);
  const long space = system_send_room(descriptor->fd, SOCK_DGRAM);
  store_word(memory, entry + layout::SUBMISSION_EXTRA,
             space < 0 ? layout::UNKNOWN : static_cast<int32_t>(space));
  if (socket->kept_start < socket->kept_end) {
    uint32_t size;
    memcpy(&size, socket->kept + socket->kept_start + layout::DATAGRAM_LENGTH, sizeof size);
    return static_cast<int32_t>(size);
  }
  // udp(7): the size of the next datagram, not of all of them.
  return system_available(descriptor->fd);
}

int32_t close_socket(Shim*, const Descriptor* descriptor) {
  DatagramSocket* socket = datagram_socket(descriptor);
  if (socket->family == AF_UNIX) socket_remove_file(descriptor->fd);
  free(socket->kept);
  free(socket);
  return static_cast<int32_t>(system_close(descriptor->fd));
}

const Source datagram_source = {"datagrams", nullptr, datagram_receive, datagram_send,
                                sample,      nullptr, operate,          close_socket};

/** The names of both ends; a peer of length 0 is none. */
int parse_names(const OpenRequest* request, Name* own, Name* peer) {
  const auto options = static_cast<uint32_t>(request->argument) >> 16;
  const bool local = options & layout::SOCKET_LOCAL;
  const auto* end = static_cast<const uint8_t*>(memchr(request->bytes, 0, request->length));
  const auto length =
      end == nullptr ? request->length : static_cast<uint32_t>(end - request->bytes);
  int result = 0;
  peer->length = 0;
  if (local && length == 0) {
    // unix(7), "Autobind": a name of its own that a peer can answer to. Only Linux gives one.
    memset(&own->storage, 0, sizeof own->storage);
    own->storage.ss_family = AF_UNIX;
    own->length = sizeof own->storage.ss_family;
  } else {
    result =
        name_parse(own, request->bytes, length, static_cast<uint16_t>(request->argument), local);
  }
  if (result < 0 || end == nullptr) return result;
  return name_parse(peer, end + 1, request->length - length - 1,
                    static_cast<uint16_t>(request->value), local);
}

/** The bound descriptor and its name record, or -errno. */
int open_socket(const OpenRequest* request, DatagramSocket* state, uint8_t* record) {
  Name own;
  Name peer;
  int result = parse_names(request, &own, &peer);
  if (result < 0) return result;
  const int family = own.storage.ss_family;
  state->family = family;
  const int fd = system_socket(family, SOCK_DGRAM, 0);
  if (fd < 0) return fd;
  result = apply_options(fd, static_cast<uint32_t>(request->argument) >> 16, family);
  if (result == 0) result = bind_and_connect(fd, &own, &peer);
  struct sockaddr_storage name = {};
  if (result == 0) result = system_own_name(fd, &name);
  if (result < 0) {
    // What was bound before it failed.
    if (family == AF_UNIX) socket_remove_file(fd);
    system_close(fd);
    return result;
  }
  name_to_peer(&name, record);
  return fd;
}

}  // namespace

int32_t datagram_open(Shim* shim, const OpenRequest* request, ReadRoom* room) {
  if (shim->datagrams == nullptr) {
    // Pages that no message reaches are never touched.
    shim->datagrams = static_cast<DatagramRoom*>(malloc(sizeof(DatagramRoom)));
    if (shim->datagrams == nullptr) return -ENOMEM;
  }
  auto* state = static_cast<DatagramSocket*>(calloc(1, sizeof(DatagramSocket)));
  if (state == nullptr) return -ENOMEM;
  state->message_max = static_cast<uint32_t>(request->value) >> 16;
  uint8_t name[layout::PEER_SIZE];
  const int fd = open_socket(request, state, name);
  if (fd < 0) {
    free(state);
    return fd;
  }
  const Descriptor opened = {fd, request->generation, &datagram_source, state};
  int result = descriptor_keep(shim, request->record, request->generation, fd, &datagram_source,
                               state);
  if (result < 0) {
    close_socket(shim, &opened);
    return result;
  }
  // As a listener: on some ways out each datagram that leaves would be reported as room.
  result = shim->interface->attach(shim, fd, request->record, request->generation, true);
  return result < 0 ? result : answer_name(shim, request->entry, room, name);
}

void datagram_room_free(Shim* shim) {
  free(shim->datagrams);
  shim->datagrams = nullptr;
}

}  // namespace calandria
