#include "errors.h"

namespace calandria {

#ifndef __linux__

namespace {

struct ErrorPair {
  int here;
  int linux_number;
};

// <asm-generic/errno.h> of Linux. The first 34 are those of Version 7 and the same everywhere, but
// for EDEADLK. Names that a system has twice for one number stand once.
constexpr ErrorPair PAIRS[] = {
    {EDEADLK, 35},         {EAGAIN, 11},         {EINPROGRESS, 115},   {EALREADY, 114},
    {ENOTSOCK, 88},        {EDESTADDRREQ, 89},   {EMSGSIZE, 90},       {EPROTOTYPE, 91},
    {ENOPROTOOPT, 92},     {EPROTONOSUPPORT, 93}, {ESOCKTNOSUPPORT, 94}, {EOPNOTSUPP, 95},
    {EPFNOSUPPORT, 96},    {EAFNOSUPPORT, 97},   {EADDRINUSE, 98},     {EADDRNOTAVAIL, 99},
    {ENETDOWN, 100},       {ENETUNREACH, 101},   {ENETRESET, 102},     {ECONNABORTED, 103},
    {ECONNRESET, 104},     {ENOBUFS, 105},       {EISCONN, 106},       {ENOTCONN, 107},
    {ESHUTDOWN, 108},      {ETIMEDOUT, 110},     {ECONNREFUSED, 111},  {ELOOP, 40},
    {ENAMETOOLONG, 36},    {EHOSTDOWN, 112},     {EHOSTUNREACH, 113},  {ENOTEMPTY, 39},
    {EUSERS, 87},          {EDQUOT, 122},        {ESTALE, 116},        {ENOLCK, 37},
    {ENOSYS, 38},          {EOVERFLOW, 75},      {EILSEQ, 84},         {ECANCELED, 125},
    {EPROTO, 71},          {ENODATA, 61},         {ECHRNG, 44},
#if defined(ENOTSUP) && ENOTSUP != EOPNOTSUPP
    {ENOTSUP, 95},
#endif
};

constexpr int ERROR_IO = 5;
constexpr int FIRST_OWN = 35;

}  // namespace

int64_t seam_result(int64_t result) {
  if (result >= 0 || result < -INT32_MAX) return result;
  const auto error = static_cast<int>(-result);
  for (const ErrorPair& pair : PAIRS) {
    if (pair.here == error) return -pair.linux_number;
  }
  // One that Linux does not have.
  return error < FIRST_OWN ? result : -ERROR_IO;
}

#endif

}  // namespace calandria
