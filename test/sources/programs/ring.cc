// The consumer of host/ring.h beside four threads that post as src/inbox/ring.ts does. Every post
// holds its number several times over, so that a torn one shows.
#include <pthread.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>

#include "host/ring.h"

using namespace calandria;

constexpr uint32_t CAPACITY = 1024;
constexpr uint32_t PRODUCERS = 4;
constexpr uint32_t EACH = 10000;

static Ring ring;

/** Ring.offer() */
static bool offer(const uint8_t* bytes, uint32_t length) {
  const uint32_t size = ring_size_of(length);
  for (;;) {
    uint32_t head = ring_load(&ring, RING_WORD_HEAD);
    const int32_t used = static_cast<int32_t>(head - ring_load(&ring, RING_WORD_TAIL));
    if (used < 0) continue;
    if (static_cast<uint32_t>(used) + size > CAPACITY) return false;
    const uint32_t place = head;
    if (!__atomic_compare_exchange_n(ring_word(&ring, RING_WORD_HEAD), &head, head + size, false,
                                     __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST)) {
      continue;
    }
    const uint32_t start = place + RING_HEAD;
    const uint32_t before = CAPACITY - (start & (CAPACITY - 1));
    const uint32_t first = length < before ? length : before;
    memcpy(ring_at(&ring, start), bytes, first);
    memcpy(ring.base + RING_DATA, bytes + first, length - first);
    __atomic_store_n(reinterpret_cast<uint32_t*>(ring_at(&ring, place)), length + 1,
                     __ATOMIC_SEQ_CST);
    return true;
  }
}

static void* produce(void* argument) {
  const uint32_t from = *static_cast<uint32_t*>(argument);
  for (uint32_t number = from + 1; number <= from + EACH; number++) {
    uint32_t bytes[8];
    for (uint32_t& word : bytes) word = number;
    // Of several lengths, so that posts wrap at many places.
    while (!offer(reinterpret_cast<uint8_t*>(bytes), 4 * (1 + number % 8))) sched_yield();
  }
  return nullptr;
}

int main() {
  auto* base = static_cast<uint8_t*>(aligned_alloc(64, RING_DATA + CAPACITY));
  memset(base, 0, RING_DATA + CAPACITY);
  ring.base = base;
  *ring_word(&ring, RING_WORD_MAGIC) = RING_MAGIC;
  *ring_word(&ring, RING_WORD_CAPACITY) = CAPACITY;
  if (!ring_open(&ring, base, RING_DATA + CAPACITY)) return 2;
  pthread_t threads[PRODUCERS];
  uint32_t from[PRODUCERS];
  for (uint32_t place = 0; place < PRODUCERS; place++) {
    from[place] = place * EACH;
    pthread_create(&threads[place], nullptr, produce, &from[place]);
  }
  uint8_t batch[4096];
  uint64_t sum = 0;
  uint32_t posts = 0;
  while (posts < PRODUCERS * EACH) {
    const int32_t filled = ring_drain(&ring, batch, sizeof batch, posts % 3);
    if (filled < 0) return 3;
    if (filled == 0) sched_yield();
    for (uint32_t at = 0; at < static_cast<uint32_t>(filled); posts++) {
      uint32_t length;
      memcpy(&length, batch + at, sizeof length);
      uint32_t words[8];
      memcpy(words, batch + at + RING_HEAD, length);
      for (uint32_t place = 0; place < length / 4; place++) {
        if (words[place] != words[0] || length != 4 * (1 + words[0] % 8)) return 4;
      }
      sum += words[0];
      at += ring_size_of(length);
    }
  }
  for (pthread_t thread : threads) pthread_join(thread, nullptr);
  if (ring_filled(&ring) || ring_count(&ring) != 0) return 5;
  printf("%u posts, sum %llu\n", posts, static_cast<unsigned long long>(sum));
  free(base);
  return 0;
}
