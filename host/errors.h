// Error numbers. Inside the shim they are the system's own; what leaves it has Linux's, on every
// system, or a trace would mean something else elsewhere (src/errors.ts).
#pragma once

#include <cerrno>
#include <cstdint>

// Not all systems have a number for these. The end of a file that was to be longer.
#ifndef ENODATA
#define ENODATA 9961
#endif
// A descriptor that an interface has no place for.
#ifndef ECHRNG
#define ECHRNG 9944
#endif

namespace calandria {

/** A result as the core knows it: 0 or more as it is, or minus Linux's number of the error. */
#ifdef __linux__
inline int64_t seam_result(int64_t result) { return result; }
#else
int64_t seam_result(int64_t result);
#endif

}  // namespace calandria
