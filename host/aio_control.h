// What an operation is to the kernel's own queue, where there is one.
#pragma once

#include "system.h"

namespace calandria {

#if defined(CALANDRIA_LINUX)
using AioControl = struct iocb;
#elif defined(__FreeBSD__)
using AioControl = struct aiocb;
#else
struct AioControl {};
#endif

}  // namespace calandria
