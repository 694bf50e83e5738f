// Buffers that the kernel picks by itself (io_uring_register(2), IORING_REGISTER_PBUF_RING): the
// segments of the read arena that the core lends (SETTING_LEND). The kernel fills one from its
// start to its end, packed, whoever the bytes are for (IOU_PBUF_RING_INC), as RECEIVE fills the
// others.
//
// A segment is with the kernel until that is done with it; then runs of it wait for RECEIVE, then
// the core holds what it still sends from it. When neither is left the kernel gets it again.
#pragma once

#include <cstdint>

#include "memory.h"
#include "uring_rings.h"

struct io_uring_buf;

namespace calandria {

constexpr uint32_t LENT_MAX = layout::SPARE_LIST_MAX / 2;

struct LentSegment {
  bool with_kernel;
  /** Bytes that the kernel filled. */
  uint32_t filled;
  /** Runs of it that wait for RECEIVE. */
  uint32_t runs;
  /** The queue whose RECEIVE answered with bytes of it last, and where those end. */
  uint64_t answered_in;
  uint32_t answered_end;
};

struct LentBuffers {
  struct io_uring_buf* ring;
  uint16_t tail;
  uint32_t total;
  uint32_t with_kernel;
  LentSegment segments[LENT_MAX];
};

/** Whether the kernel has such buffers. */
bool buffers_supported(const Rings* rings);

/** Lends them all to the kernel. 0 (also when there are none), or -errno. */
int buffers_open(LentBuffers* buffers, const Memory* memory, const Rings* rings);

/** After the rings are closed. */
void buffers_close(LentBuffers* buffers);

/**
 * What a completion with these flags put into its buffer: the address, or 0 when that cannot be. A
 * run of the segment from now on.
 */
uint32_t buffers_arrived(LentBuffers* buffers, const Memory* memory, uint32_t flags,
                         uint32_t length);

/** The segment that holds the address; null outside of them. */
LentSegment* buffers_segment(LentBuffers* buffers, const Memory* memory, uint32_t address);

/** Gives the kernel back what nobody uses: nothing was answered from it in queue `queue`. */
void buffers_return(LentBuffers* buffers, const Memory* memory, uint64_t queue);

}  // namespace calandria
