#include "limits.h"

#include <limits.h>

#include "system.h"

namespace calandria {

int raise_descriptor_limit(DescriptorLimit* limit) {
  struct rlimit given;
  int result = system_limit(RLIMIT_NOFILE, &given);
  if (result < 0) return result;
  limit->before = given.rlim_cur;
  limit->hard = given.rlim_max;
  given.rlim_cur = given.rlim_max;
#ifdef __APPLE__
  // The hard limit may be infinite, and is refused then (setrlimit(2), COMPATIBILITY).
  if (given.rlim_cur > OPEN_MAX) given.rlim_cur = OPEN_MAX;
#endif
  if (given.rlim_cur > limit->before) result = system_set_limit(RLIMIT_NOFILE, &given);
  if (result < 0) return result;
  limit->soft = given.rlim_cur > limit->before ? given.rlim_cur : limit->before;
  return 0;
}

}  // namespace calandria
