// A latency histogram in constant memory: 64 steps for each power of two, so a value is off by
// less than 1.6 %.

#ifndef BENCH_HISTOGRAM_H
#define BENCH_HISTOGRAM_H

#include <stdint.h>
#include <string.h>

enum { HISTOGRAM_STEP_BITS = 6, HISTOGRAM_STEPS = 1 << HISTOGRAM_STEP_BITS };
enum { HISTOGRAM_BUCKETS = HISTOGRAM_STEPS * (64 - HISTOGRAM_STEP_BITS + 1) };

struct histogram {
  uint64_t total;
  uint64_t buckets[HISTOGRAM_BUCKETS];
};

static inline void histogram_clear(struct histogram *histogram) {
  memset(histogram, 0, sizeof *histogram);
}

// The first power (values below 64) has steps of one; after that each power of two has 64 steps.
static inline unsigned histogram_bucket(uint64_t value) {
  if (value < HISTOGRAM_STEPS) return (unsigned)value;
  unsigned power = 63u - (unsigned)__builtin_clzll(value);
  unsigned shift = power - HISTOGRAM_STEP_BITS;
  return (shift << HISTOGRAM_STEP_BITS) + (unsigned)(value >> shift);
}

static inline uint64_t histogram_lowest(unsigned bucket) {
  if (bucket < 2 * HISTOGRAM_STEPS) return bucket;
  unsigned shift = (bucket >> HISTOGRAM_STEP_BITS) - 1;
  return (uint64_t)(bucket - (shift << HISTOGRAM_STEP_BITS)) << shift;
}

static inline void histogram_add(struct histogram *histogram, uint64_t value) {
  histogram->buckets[histogram_bucket(value)]++;
  histogram->total++;
}

// The smallest recorded value with at least this fraction of all values at or below it.
static inline uint64_t histogram_quantile(const struct histogram *histogram, double fraction) {
  uint64_t wanted = (uint64_t)((double)histogram->total * fraction);
  uint64_t seen = 0;
  for (unsigned bucket = 0; bucket < HISTOGRAM_BUCKETS; bucket++) {
    seen += histogram->buckets[bucket];
    if (seen > wanted) return histogram_lowest(bucket);
  }
  return 0;
}

#endif
