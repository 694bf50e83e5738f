#include "warmth.h"

#include <cstdlib>

#include "completions.h"
#include "files.h"
#include "page_cache.h"
#include "system.h"

namespace calandria {

namespace {

/** Read by one job; as much is read ahead while it is being sent. */
constexpr uint64_t WINDOW = 1 << 20;
/** What was found holds so long: pages may be evicted behind it. ns */
constexpr uint64_t VALIDITY = 100000000;

/** Waits until the range is in memory, by reading it; nobody looks at these bytes. */
int64_t read_range(const WarmJob* job, uint64_t from) {
  char scratch[64 << 10];
  uint64_t done = from;
  while (done < job->length) {
    const uint64_t left = job->length - done;
    const size_t part = left < sizeof scratch ? static_cast<size_t>(left) : sizeof scratch;
    const long result = system_read_at(job->fd, scratch, part, job->offset + done);
    if (result < 0) return result;
    if (result == 0) break;
    done += static_cast<uint64_t>(result);
  }
  return static_cast<int64_t>(done);
}

/**
 * The same without a copy: pages on their way to nowhere have to be there first. The loop shares
 * its core with this thread, so what is not copied here is not waited for there.
 */
int64_t run_job(Request* request) {
  auto* job = reinterpret_cast<WarmJob*>(request);
  const int nowhere = system_open("/dev/null", O_WRONLY | O_CLOEXEC, 0);
  if (nowhere < 0) return read_range(job, 0);
  uint64_t done = 0;
  uint64_t interrupted = 0;
  while (done < job->length) {
    const long result = system_send_file(&interrupted, nowhere, job->fd, job->offset + done,
                                         static_cast<size_t>(job->length - done));
    if (result <= 0) break;
    done += static_cast<uint64_t>(result);
  }
  system_close(nowhere);
  // The end of the file, an error by its name, or a file system that cannot do so.
  return done < job->length ? read_range(job, done) : static_cast<int64_t>(done);
}

void free_job(WarmJob* job) {
  system_close(job->fd);
  free(job);
}

void release_job(Shim* shim, Request* request) {
  auto* job = reinterpret_cast<WarmJob*>(request);
  Warmth* warmth = shim->warmth == nullptr ? nullptr : &shim->warmth[request->operation];
  if (warmth != nullptr && warmth->job == job) {
    warmth->job = nullptr;
    warmth->until = job->offset + job->length;
    warmth->since = load_long(&shim->memory, layout::NOW);
  }
  free_job(job);
}

/** 0, or -errno: then nothing was started. */
int start_job(Shim* shim, Warmth* warmth, const FileRange* range, uint64_t offset,
              uint64_t length) {
  auto* job = static_cast<WarmJob*>(calloc(1, sizeof(WarmJob)));
  if (job == nullptr) return -ENOMEM;
  job->fd = system_duplicate(range->fd, 0);
  int result = job->fd < 0 ? job->fd : 0;
  if (result < 0) {
    free(job);
    return result;
  }
  job->offset = offset;
  job->length = length;
  job->request.run = run_job;
  job->request.release = release_job;
  job->request.operation = range->operation;
  job->request.generation = range->generation;
  bool (*fetch)(Shim*, WarmJob*) = shim->interface->fetch;
  if (fetch == nullptr || !fetch(shim, job)) result = warm_by_thread(shim, job);
  if (result < 0) {
    free_job(job);
    return result;
  }
  warmth->job = job;
  return 0;
}

Warmth* warmth_of(Shim* shim, const FileRange* range) {
  if (shim->warmth == nullptr) {
    shim->warmth = static_cast<Warmth*>(calloc(shim->memory.tasks_max, sizeof(Warmth)));
    if (shim->warmth == nullptr) return nullptr;
  }
  Warmth* warmth = &shim->warmth[range->operation];
  if (warmth->generation != range->generation) {
    *warmth = Warmth{};
    warmth->generation = range->generation;
  }
  return warmth;
}

/** The same file was just sent to somebody else: no question is asked twice in a short time. */
bool known(const FileRange* range, uint64_t length, uint64_t now) {
  const FileState* file = range->file;
  return file->warm_from <= range->offset && range->offset + length <= file->warm_until &&
         now - file->warm_since <= VALIDITY;
}

void remember(const FileRange* range, uint64_t length, uint64_t now) {
  range->file->warm_from = range->offset;
  range->file->warm_until = range->offset + length;
  range->file->warm_since = now;
}

uint64_t smaller(uint64_t first, uint64_t second) { return first < second ? first : second; }

}  // namespace

int warm_by_thread(Shim* shim, WarmJob* job) {
  const int result = completions_start(shim, &job->request);
  // Said of the completion, which nobody else collects: not a read that was asked for.
  job->request.via = layout::VIA_SEND_FILE;
  return result;
}

int warm(Shim* shim, const FileRange* range) {
  Warmth* warmth = warmth_of(shim, range);
  if (warmth == nullptr) return -ENOMEM;
  const uint64_t now = load_long(&shim->memory, layout::NOW);
  const uint64_t end = range->offset + range->remaining;
  const uint64_t part = range->offset + range->length;
  const bool fresh = warmth->until >= part && now - warmth->since <= VALIDITY;
  if (!fresh) {
    if (warmth->job != nullptr) return -EINPROGRESS;
    const uint64_t window = smaller(WINDOW, range->remaining);
    if (known(range, window, now)) {
      warmth->until = range->offset + window;
      warmth->since = range->file->warm_since;
    } else if (page_cache_has(range->fd, range->offset, window)) {
      warmth->until = range->offset + window;
      warmth->since = now;
      remember(range, window, now);
    } else if (window > range->length && page_cache_has(range->fd, range->offset, range->length)) {
      warmth->until = part;
      warmth->since = now;
      warmth->cold = true;
    } else {
      warmth->cold = true;
      const int result = start_job(shim, warmth, range, range->offset, window);
      if (result == 0) return -EINPROGRESS;
      return result == -EAGAIN ? -EBUSY : result;
    }
  }
  if (warmth->job != nullptr) return 1;
  // While this part is being sent the next one is read. Nobody waits for it yet, so nothing is lost
  // when it cannot be.
  if (!warmth->cold || warmth->until >= end || warmth->until - range->offset > WINDOW) return 0;
  const uint64_t next = smaller(WINDOW, end - warmth->until);
  if (page_cache_has(range->fd, warmth->until, next)) {
    warmth->until += next;
    return 0;
  }
  return start_job(shim, warmth, range, warmth->until, next) == 0 ? 1 : 0;
}

void warm_close(Shim* shim) {
  free(shim->warmth);
  shim->warmth = nullptr;
}

}  // namespace calandria
