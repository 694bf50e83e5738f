#include "network.h"

#include <linux/netlink.h>
#include <linux/rtnetlink.h>

#include "system.h"

namespace calandria {

namespace {

constexpr uint32_t GROUPS = RTMGRP_LINK | RTMGRP_IPV4_IFADDR | RTMGRP_IPV6_IFADDR;

/** Bytes of whole messages, each padded; what is cut is left out. */
uint32_t whole_messages(uint8_t* bytes, uint32_t length) {
  uint32_t at = 0;
  while (length - at >= sizeof(struct nlmsghdr)) {
    struct nlmsghdr head;
    memcpy(&head, bytes + at, sizeof head);
    if (head.nlmsg_len < sizeof head || head.nlmsg_len > length - at) break;
    const uint32_t size = NLMSG_ALIGN(head.nlmsg_len);
    memset(bytes + at + head.nlmsg_len, 0, size - head.nlmsg_len);
    at += size;
    if (at >= length) break;
  }
  return at;
}

/** The socket's buffer was full, and messages are lost: said where they are missing. */
uint32_t put_overrun(uint8_t* bytes) {
  struct nlmsghdr head = {};
  head.nlmsg_len = sizeof head;
  head.nlmsg_type = NLMSG_OVERRUN;
  memcpy(bytes, &head, sizeof head);
  return sizeof head;
}

/** One datagram of messages: bytes put, 0 for one that is not the kernel's, or -errno. */
int32_t take(Shim* shim, int fd, uint8_t* target, uint32_t most) {
  struct sockaddr_nl sender = {};
  count(&shim->memory, layout::COUNTER_HOST_RECEIVES);
  socklen_t length = sizeof sender;
  const long result =
      system_receive_from(&shim->interrupted, fd, target, most, 0, &sender, &length);
  if (result == -ENOBUFS) return static_cast<int32_t>(put_overrun(target));
  if (result < 0) return static_cast<int32_t>(result);
  if (sender.nl_pid != 0) return 0;
  return static_cast<int32_t>(whole_messages(target, static_cast<uint32_t>(result)));
}

int32_t network_receive(Shim* shim, Descriptor* descriptor, uint32_t entry, ReadRoom* room) {
  if (!ensure_batch(shim, entry, room, NLMSG_HDRLEN + 3)) return -ENOBUFS;
  uint8_t* target = shim->memory.base + room->cursor;
  const uint32_t most = room->limit - room->cursor;
  const uint32_t records = field(shim, entry, layout::SUBMISSION_EXTRA);
  uint32_t filled = 0;
  // The kernel's messages are shorter than this room (netlink(7)); a datagram is one change.
  for (uint32_t taken = 0; records == 0 || taken < records;) {
    if (filled > 0 && most - filled < static_cast<uint32_t>(layout::BATCH_ROOM)) break;
    const int32_t result = take(shim, descriptor->fd, target + filled, most - filled - 3);
    if (result < 0 && filled == 0) return result;
    if (result < 0) break;
    if (result > 0) taken++;
    filled += static_cast<uint32_t>(result);
  }
  return answer_bytes(shim, entry, room, filled);
}

/** Bytes of the next message. */
int32_t network_sample(Shim* shim, Descriptor* descriptor, uint32_t entry) {
  store_word(&shim->memory, entry + layout::SUBMISSION_EXTRA, layout::UNKNOWN);
  uint8_t byte;
  const long result = system_receive_from(&shim->interrupted, descriptor->fd, &byte, sizeof byte,
                                          MSG_PEEK | MSG_TRUNC, nullptr, nullptr);
  if (result == -EAGAIN) return 0;
  return static_cast<int32_t>(result);
}

const Source network_source = {"network",      nullptr, network_receive, nullptr,
                               network_sample, nullptr, nullptr,         nullptr};

int bind_to_groups(int fd, int32_t receive_buffer) {
  if (receive_buffer > 0) {
    const int set = system_set_number(fd, SOL_SOCKET, SO_RCVBUF, receive_buffer);
    if (set < 0) return set;
  }
  struct sockaddr_nl name = {};
  name.nl_family = AF_NETLINK;
  name.nl_groups = GROUPS;
  return system_bind(fd, reinterpret_cast<struct sockaddr*>(&name), sizeof name);
}

}  // namespace

int32_t network_open(Shim* shim, const OpenRequest* request, ReadRoom* room) {
  const int fd = system_socket(AF_NETLINK, SOCK_RAW, NETLINK_ROUTE);
  if (fd < 0) return fd;
  const int bound = bind_to_groups(fd, request->value);
  if (bound < 0) {
    system_close(fd);
    return bound;
  }
  uint8_t name[layout::PEER_SIZE] = {};
  name[layout::PEER_FAMILY] = layout::FAMILY_NONE;
  return answer_opened(shim, request, room, fd, &network_source, nullptr, name, 0);
}

}  // namespace calandria
