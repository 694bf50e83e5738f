// What Linux alone tells of a socket, and how it alone resolves a path: there also where the rest
// is done as on other systems. Included by system.h alone.
#pragma once

#include <cstddef>
#include <linux/sock_diag.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/syscall.h>

// The kernel's numbers never change; the headers may be older than the kernel.
#ifndef SYS_openat2
#define SYS_openat2 437
#endif

namespace calandria {

/** Connections that wait to be accepted, or -errno where nobody counts them. */
inline long system_accept_queue(int fd) {
  struct tcp_info information;
  socklen_t length = sizeof information;
  // On a listener tcpi_unacked is the accept queue's length (net/ipv4/tcp.c, tcp_get_info).
  const int result = system_get_option(fd, IPPROTO_TCP, TCP_INFO, &information, &length);
  if (result < 0) return result;
  // Who answers with less (qemu-user: four bytes) has not said it.
  constexpr size_t told = offsetof(tcp_info, tcpi_unacked) + sizeof information.tcpi_unacked;
  return length < told ? -EOPNOTSUPP : static_cast<long>(information.tcpi_unacked);
}

/** What is free in the send buffer of a socket of this type (SO_MEMINFO), or -errno. */
inline long system_send_room(int fd, int type) {
  uint32_t figures[SK_MEMINFO_VARS] = {};
  socklen_t length = sizeof figures;
  const int result = system_get_option(fd, SOL_SOCKET, SO_MEMINFO, figures, &length);
  if (result < 0) return result;
  if (length < sizeof figures) return -EOPNOTSUPP;
  const int64_t room = static_cast<int64_t>(figures[SK_MEMINFO_SNDBUF]) -
                       static_cast<int64_t>(figures[type == SOCK_DGRAM ? SK_MEMINFO_WMEM_ALLOC
                                                                       : SK_MEMINFO_WMEM_QUEUED]);
  return room > 0 ? room : 0;
}

/** openat2(2); `how` is its struct open_how. */
inline int system_open_resolved(int folder, const char* path, const void* how, size_t size) {
  return static_cast<int>(
      system_repeat([&] { return syscall(SYS_openat2, folder, path, how, size); }));
}

}  // namespace calandria
