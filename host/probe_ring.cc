// io_uring's multishot receive has no feature bit of its own, so one is submitted. It names a group
// of buffers that does not exist: a kernel that knows multishot gets as far as missing the buffer.
// Nor has the memory of a ring: one is made in memory of this process.
#include "probe.h"
#include "probe_trials.h"

#include <cerrno>
#include <cstring>
#include <linux/io_uring.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#ifndef IORING_RECV_MULTISHOT
#define IORING_RECV_MULTISHOT (1U << 1)
#endif
#ifndef IORING_SETUP_NO_MMAP
#define IORING_SETUP_NO_MMAP (1U << 14)
#endif

namespace calandria {

namespace {

struct Ring {
  int fd;
  struct io_uring_params parameters;
  uint8_t* rings;
  size_t rings_size;
  struct io_uring_sqe* entries;
};

uint32_t* word_at(const Ring* ring, uint32_t offset) {
  return reinterpret_cast<uint32_t*>(ring->rings + offset);
}

int ring_open(Ring* ring) {
  if (without("io_uring")) return -ENOSYS;
  ring->fd = static_cast<int>(syscall(SYS_io_uring_setup, 1, &ring->parameters));
  if (ring->fd < 0) return -errno;
  const struct io_uring_params* given = &ring->parameters;
  // Multishot is younger than the single mapping of both rings.
  if ((given->features & IORING_FEAT_SINGLE_MMAP) == 0) return -EOPNOTSUPP;
  const size_t submissions = given->sq_off.array + given->sq_entries * sizeof(uint32_t);
  const size_t completions = given->cq_off.cqes + given->cq_entries * sizeof(struct io_uring_cqe);
  ring->rings_size = submissions > completions ? submissions : completions;
  constexpr int access = PROT_READ | PROT_WRITE;
  constexpr int how = MAP_SHARED | MAP_POPULATE;
  void* rings = mmap(nullptr, ring->rings_size, access, how, ring->fd, IORING_OFF_SQ_RING);
  if (rings == MAP_FAILED) return -errno;
  ring->rings = static_cast<uint8_t*>(rings);
  void* entries = mmap(nullptr, sizeof *ring->entries, access, how, ring->fd, IORING_OFF_SQES);
  if (entries == MAP_FAILED) return -errno;
  ring->entries = static_cast<struct io_uring_sqe*>(entries);
  return 0;
}

void ring_close(const Ring* ring) {
  if (ring->entries != nullptr) munmap(ring->entries, sizeof *ring->entries);
  if (ring->rings != nullptr) munmap(ring->rings, ring->rings_size);
  if (ring->fd >= 0) close(ring->fd);
}

/** Submits one entry and waits for its completion, which must be certain to come. */
int ring_run(const Ring* ring) {
  const struct io_uring_params* given = &ring->parameters;
  *word_at(ring, given->sq_off.array) = 0;
  __atomic_store_n(word_at(ring, given->sq_off.tail), 1u, __ATOMIC_RELEASE);
  const long done =
      syscall(SYS_io_uring_enter, ring->fd, 1, 1, IORING_ENTER_GETEVENTS, nullptr, 0);
  if (done < 0) return -errno;
  if (__atomic_load_n(word_at(ring, given->cq_off.tail), __ATOMIC_ACQUIRE) == 0) return -EPROTO;
  return reinterpret_cast<struct io_uring_cqe*>(ring->rings + given->cq_off.cqes)->res;
}

}  // namespace

int try_ring_multishot(const Bench* bench) {
  char byte = 0;
  // With a byte there to be read the receive does not wait.
  if (send(bench->pair[0], &byte, 1, MSG_NOSIGNAL) < 0) return -errno;
  Ring ring = {};
  ring.fd = -1;
  int result = ring_open(&ring);
  if (result == 0) {
    struct io_uring_sqe* entry = ring.entries;
    entry->opcode = IORING_OP_RECV;
    entry->fd = bench->pair[1];
    entry->flags = IOSQE_BUFFER_SELECT;
    entry->ioprio = IORING_RECV_MULTISHOT;
    result = ring_run(&ring);
  }
  ring_close(&ring);
  if (recv(bench->pair[1], &byte, 1, MSG_DONTWAIT) < 0) return -errno;
  if (result == -ENOBUFS) return 0;
  return result < 0 ? result : -EPROTO;
}

int try_ring_no_mmap(const Bench*) {
  if (without("io_uring")) return -ENOSYS;
  // The rings, and the entries: each on the largest page that a machine has.
  constexpr size_t page = 65536;
  void* room = mmap(nullptr, 2 * page, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (room == MAP_FAILED) return -errno;
  struct io_uring_params parameters = {};
  parameters.flags = IORING_SETUP_NO_MMAP;
  // `user_addr`, which older headers call otherwise, is the last word of either.
  const uint64_t rings = reinterpret_cast<uintptr_t>(room);
  const uint64_t entries = rings + page;
  memcpy(reinterpret_cast<uint8_t*>(&parameters.cq_off + 1) - sizeof rings, &rings, sizeof rings);
  memcpy(reinterpret_cast<uint8_t*>(&parameters.sq_off + 1) - sizeof entries, &entries,
         sizeof entries);
  const long fd = syscall(SYS_io_uring_setup, 1, &parameters);
  const int result = fd < 0 ? -errno : 0;
  if (fd >= 0) close(static_cast<int>(fd));
  munmap(room, 2 * page);
  return result;
}

}  // namespace calandria
