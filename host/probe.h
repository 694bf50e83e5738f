// What this machine can do, found by trying it: a header says what a flag is called, only the
// kernel says whether it is meant. What is not in the headers is not in the answers.
#pragma once

#include <cstdint>

namespace calandria {

/**
 * Whether CALANDRIA_WITHOUT names this capability ("cachestat,rwf_nowait"). Ask where a fallback
 * begins, and behave then as if the kernel had refused. The names are those of capabilities.ts.
 */
bool without(const char* name);

/** The result of a trial that was not made, because `without` names it. */
constexpr int PROBE_SWITCHED_OFF = 1;

struct Capability {
  const char* name;
  /** 0: it works; PROBE_SWITCHED_OFF; or the -errno of the trial. */
  int result;
  /** The number behind the name of a flag, an option or a command; PROBE_NO_VALUE for a call. */
  int64_t value;
};

constexpr int64_t PROBE_NO_VALUE = -1;
constexpr uint32_t PROBE_MAX = 64;

/**
 * Tries everything, on descriptors that are gone afterwards, and answers how many there were.
 * Takes some 30 ms, nearly all of it in io_destroy(2), which waits for every processor. In `folder`
 * a file without a name is made, for what depends on the file system.
 */
uint32_t probe(const char* folder, Capability answers[PROBE_MAX]);

}  // namespace calandria
