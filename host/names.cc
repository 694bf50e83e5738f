#include "names.h"

#include <arpa/inet.h>
#include <cerrno>
#include <cstddef>
#include <cstring>
#include <net/if.h>
#include <netinet/in.h>
#include <sys/un.h>

#include "layout.h"

namespace calandria {

namespace {

int parse_local(Name* name, const uint8_t* text, uint32_t length) {
  auto* local = reinterpret_cast<struct sockaddr_un*>(&name->storage);
  if (length == 0) return -EINVAL;
  if (length >= sizeof local->sun_path) return -ENAMETOOLONG;
  local->sun_family = AF_UNIX;
  memcpy(local->sun_path, text, length);
  // unix(7): an abstract name begins with a zero byte and counts its exact length.
  const bool abstract = text[0] == '@';
#ifndef __linux__
  if (abstract) return -EOPNOTSUPP;
#endif
  if (abstract) local->sun_path[0] = 0;
  name->length = static_cast<socklen_t>(offsetof(struct sockaddr_un, sun_path) + length +
                                        !abstract);
  return 0;
}

int parse_ipv6(Name* name, char* text, uint16_t port) {
  auto* address = reinterpret_cast<struct sockaddr_in6*>(&name->storage);
  char* scope = strchr(text, '%');
  if (scope != nullptr) {
    *scope = 0;
    address->sin6_scope_id = if_nametoindex(scope + 1);
    if (address->sin6_scope_id == 0) return -EINVAL;
  }
  if (inet_pton(AF_INET6, text, &address->sin6_addr) != 1) return -EINVAL;
  address->sin6_family = AF_INET6;
  address->sin6_port = htons(port);
  name->length = sizeof *address;
  return 0;
}

}  // namespace

int name_parse(Name* name, const uint8_t* text, uint32_t length, uint16_t port, bool local) {
  memset(&name->storage, 0, sizeof name->storage);
  if (local) return parse_local(name, text, length);
  char literal[INET6_ADDRSTRLEN + IF_NAMESIZE + 1];
  if (length == 0 || length >= sizeof literal) return -EINVAL;
  memcpy(literal, text, length);
  literal[length] = 0;
  if (strchr(literal, ':') != nullptr) return parse_ipv6(name, literal, port);
  auto* address = reinterpret_cast<struct sockaddr_in*>(&name->storage);
  if (inet_pton(AF_INET, literal, &address->sin_addr) != 1) return -EINVAL;
  address->sin_family = AF_INET;
  address->sin_port = htons(port);
  name->length = sizeof *address;
  return 0;
}

int name_from_peer(Name* name, const uint8_t* peer, const uint8_t* local) {
  uint16_t family;
  uint16_t port;
  memcpy(&family, peer + layout::PEER_FAMILY, sizeof family);
  memcpy(&port, peer + layout::PEER_PORT, sizeof port);
  switch (family) {
    case 0:
      name->length = 0;
      return 0;
    case layout::FAMILY_LOCAL:
      memset(&name->storage, 0, sizeof(struct sockaddr_un));
      return parse_local(name, local, port);
    case layout::FAMILY_IPV4: {
      auto* address = reinterpret_cast<struct sockaddr_in*>(&name->storage);
      memset(address, 0, sizeof *address);
      address->sin_family = AF_INET;
      address->sin_port = htons(port);
      memcpy(&address->sin_addr, peer + layout::PEER_BYTES, 4);
      name->length = sizeof *address;
      return 0;
    }
    case layout::FAMILY_IPV6: {
      auto* address = reinterpret_cast<struct sockaddr_in6*>(&name->storage);
      memset(address, 0, sizeof *address);
      address->sin6_family = AF_INET6;
      address->sin6_port = htons(port);
      memcpy(&address->sin6_scope_id, peer + layout::PEER_SCOPE, 4);
      memcpy(&address->sin6_addr, peer + layout::PEER_BYTES, 16);
      name->length = sizeof *address;
      return 0;
    }
    default:
      return -EAFNOSUPPORT;
  }
}

void name_to_peer(const struct sockaddr_storage* storage, uint8_t* peer) {
  memset(peer, 0, layout::PEER_SIZE);
  uint16_t family = layout::FAMILY_LOCAL;
  uint16_t port = 0;
  if (storage->ss_family == AF_INET) {
    const auto* address = reinterpret_cast<const struct sockaddr_in*>(storage);
    family = layout::FAMILY_IPV4;
    port = ntohs(address->sin_port);
    memcpy(peer + layout::PEER_BYTES, &address->sin_addr, 4);
  } else if (storage->ss_family == AF_INET6) {
    const auto* address = reinterpret_cast<const struct sockaddr_in6*>(storage);
    family = layout::FAMILY_IPV6;
    port = ntohs(address->sin6_port);
    const uint32_t scope = address->sin6_scope_id;
    memcpy(peer + layout::PEER_SCOPE, &scope, sizeof scope);
    memcpy(peer + layout::PEER_BYTES, &address->sin6_addr, 16);
  }
  memcpy(peer + layout::PEER_FAMILY, &family, sizeof family);
  memcpy(peer + layout::PEER_PORT, &port, sizeof port);
}

}  // namespace calandria
