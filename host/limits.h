// Limits of the process that a program may move.
#pragma once

#include <sys/resource.h>

namespace calandria {

struct DescriptorLimit {
  rlim_t before;
  rlim_t soft;
  rlim_t hard;
};

/** Raises the soft limit of RLIMIT_NOFILE (getrlimit(2)) to the hard one. 0, or -errno. */
int raise_descriptor_limit(DescriptorLimit* limit);

}  // namespace calandria
