#include "uring_buffers.h"

#include <cerrno>
#include <sys/mman.h>

#include "uring_calls.h"

namespace calandria {

namespace {

constexpr size_t PAGE = 4096;
/** As many as LENT_MAX, a power of two. */
constexpr uint32_t PLACES = 32;
static_assert(LENT_MAX <= PLACES, "a place for each segment");

/** struct io_uring_buf_reg of <linux/io_uring.h>, with the flags that are younger than some. */
struct Registration {
  uint64_t address;
  uint32_t places;
  uint16_t group;
  uint16_t flags;
  uint64_t reserved[3];
};
static_assert(sizeof(Registration) == sizeof(struct io_uring_buf_reg), "the kernel's own size");

/** IOU_PBUF_RING_INC, Linux 6.12. */
constexpr uint16_t FILLED_BIT_BY_BIT = 2;
/** IORING_CQE_F_BUF_MORE: the kernel goes on with this buffer. */
constexpr uint32_t BUFFER_GOES_ON = 1u << 4;

uint32_t segment_start(const Memory* memory, uint32_t place) {
  return memory->read_arena + (memory->lent_from + place) * memory->read_segment_size;
}

void lend(LentBuffers* buffers, const Memory* memory, uint32_t place) {
  struct io_uring_buf* buffer = &buffers->ring[buffers->tail & (PLACES - 1)];
  buffer->addr = reinterpret_cast<uintptr_t>(memory->base + segment_start(memory, place));
  buffer->len = memory->read_segment_size;
  buffer->bid = static_cast<uint16_t>(place);
  buffers->tail++;
  buffers->segments[place].with_kernel = true;
  buffers->segments[place].filled = 0;
  buffers->with_kernel++;
}

/** The tail lies where the first buffer's last field is (io_uring_buf_ring). */
void publish(const LentBuffers* buffers) {
  __atomic_store_n(&buffers->ring[0].resv, buffers->tail, __ATOMIC_RELEASE);
}

int register_ring(LentBuffers* buffers, const Rings* rings) {
  void* ring = system_reserve(PAGE);
  if (ring == nullptr) return -ENOMEM;
  buffers->ring = static_cast<struct io_uring_buf*>(ring);
  Registration registration = {};
  registration.address = reinterpret_cast<uintptr_t>(ring);
  registration.places = PLACES;
  registration.flags = FILLED_BIT_BY_BIT;
  const long result = uring_register(rings->fd, IORING_REGISTER_PBUF_RING, &registration, 1);
  if (result < 0) buffers_close(buffers);
  return static_cast<int>(result);
}

uint32_t held_by_core(const Memory* memory, uint32_t place) {
  const uint32_t entry = memory->segments + (memory->lent_from + place) * layout::SEGMENT_SIZE;
  return load_unsigned(memory, entry + layout::SEGMENT_REFERENCES);
}

}  // namespace

bool buffers_supported(const Rings* rings) {
  LentBuffers buffers = {};
  const int result = register_ring(&buffers, rings);
  buffers_close(&buffers);
  return result == 0;
}

int buffers_open(LentBuffers* buffers, const Memory* memory, const Rings* rings) {
  memset(buffers, 0, sizeof *buffers);
  const uint32_t total = memory->read_segments - memory->lent_from;
  if (total == 0) return 0;
  if (total > LENT_MAX) return -EPROTO;
  const int result = register_ring(buffers, rings);
  if (result < 0) return result;
  buffers->total = total;
  for (uint32_t place = 0; place < total; place++) lend(buffers, memory, place);
  publish(buffers);
  return 0;
}

void buffers_close(LentBuffers* buffers) {
  if (buffers->ring != nullptr) system_unmap(buffers->ring, PAGE);
  buffers->ring = nullptr;
  buffers->total = 0;
}

uint32_t buffers_arrived(LentBuffers* buffers, const Memory* memory, uint32_t flags,
                         uint32_t length) {
  const uint32_t place = flags >> IORING_CQE_BUFFER_SHIFT;
  if (place >= buffers->total) return 0;
  LentSegment* segment = &buffers->segments[place];
  if (!segment->with_kernel || length > memory->read_segment_size - segment->filled) return 0;
  const uint32_t address = segment_start(memory, place) + segment->filled;
  segment->filled += length;
  if (length > 0) segment->runs++;
  if ((flags & BUFFER_GOES_ON) == 0) {
    segment->with_kernel = false;
    buffers->with_kernel--;
  }
  return address;
}

LentSegment* buffers_segment(LentBuffers* buffers, const Memory* memory, uint32_t address) {
  const uint32_t start = segment_start(memory, 0);
  if (address < start) return nullptr;
  const uint32_t place = (address - start) / memory->read_segment_size;
  return place < buffers->total ? &buffers->segments[place] : nullptr;
}

void buffers_return(LentBuffers* buffers, const Memory* memory, uint64_t queue) {
  if (buffers->with_kernel == buffers->total) return;
  const uint16_t before = buffers->tail;
  for (uint32_t place = 0; place < buffers->total; place++) {
    const LentSegment* segment = &buffers->segments[place];
    if (segment->with_kernel || segment->runs > 0 || segment->answered_in == queue) continue;
    if (held_by_core(memory, place) == 0) lend(buffers, memory, place);
  }
  if (buffers->tail != before) publish(buffers);
}

}  // namespace calandria
