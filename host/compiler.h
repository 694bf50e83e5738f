// What differs between compilers and machines, in one place (as ecb.h does it for libev): byte
// order, hints for branches, ordering between threads. gcc and clang are known.
#pragma once

#include <cstdint>

#if !defined(__GNUC__) && !defined(__clang__)
#error "This compiler is not known: say here how it spells these."
#endif

// The layout is little-endian, and the memory of WebAssembly is, on every machine.
static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__,
              "the shim and the core would read each other's words backwards");
// Record and generation travel through the kernel in what it keeps as a pointer.
static_assert(sizeof(void*) == 8, "event records have no room for a generation");

/**
 * On the path of every message. They are linked side by side: where a system call empties the
 * processor's table of pages, each page that is touched behind it costs a walk.
 */
#define CALANDRIA_HOT __attribute__((hot))

/** The value of a condition that is nearly always, or nearly never, true. */
#define CALANDRIA_LIKELY(condition) __builtin_expect(!!(condition), 1)
#define CALANDRIA_UNLIKELY(condition) __builtin_expect(!!(condition), 0)

namespace calandria {

/** Reads what another thread published; what it wrote before that is seen too. */
template <typename Value>
inline Value load_acquire(const Value* from) {
  return __atomic_load_n(from, __ATOMIC_ACQUIRE);
}

/** Publishes what was written before. */
template <typename Value>
inline void store_release(Value* to, Value value) {
  __atomic_store_n(to, value, __ATOMIC_RELEASE);
}

/** A word that says nothing of any other: a flag that may be seen late. */
template <typename Value>
inline Value load_relaxed(const Value* from) {
  return __atomic_load_n(from, __ATOMIC_RELAXED);
}

template <typename Value>
inline void store_relaxed(Value* to, Value value) {
  __atomic_store_n(to, value, __ATOMIC_RELAXED);
}

/** In one order for all threads, as JavaScript's Atomics are. */
template <typename Value>
inline Value load_ordered(const Value* from) {
  return __atomic_load_n(from, __ATOMIC_SEQ_CST);
}

template <typename Value>
inline void store_ordered(Value* to, Value value) {
  __atomic_store_n(to, value, __ATOMIC_SEQ_CST);
}

template <typename Value>
inline Value or_ordered(Value* to, Value bits) {
  return __atomic_fetch_or(to, bits, __ATOMIC_SEQ_CST);
}

/** What was there before; `value` is there from now on. */
template <typename Value>
inline Value exchange_ordered(Value* to, Value value) {
  return __atomic_exchange_n(to, value, __ATOMIC_SEQ_CST);
}

template <typename Value>
inline Value add_ordered(Value* to, Value value) {
  return __atomic_fetch_add(to, value, __ATOMIC_SEQ_CST);
}

/** False when something else than `expected` was there. */
template <typename Value>
inline bool replace(Value* to, Value expected, Value value) {
  return __atomic_compare_exchange_n(to, &expected, value, false, __ATOMIC_ACQ_REL,
                                     __ATOMIC_ACQUIRE);
}

}  // namespace calandria
