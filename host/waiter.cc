#include "waiter.h"

#include <cerrno>

#include "quiet_thread.h"
#include "system.h"

namespace calandria {

namespace {

/** Three fd_sets and little else; sanitizers want more than a page or two. */
constexpr size_t STACK = 256 << 10;

/** What is left until then; -1 for ever. */
int64_t until(uint64_t deadline) {
  if (deadline == 0) return -1;
  const uint64_t passed = system_now();
  return deadline > passed ? static_cast<int64_t>(deadline - passed) : 0;
}

/** Not when its bell's number is another file's by now: nothing would bring it back. */
int wait(const Waiter* waiter) {
  if (doorbell_check(&waiter->recall) == 0) {
    return waiter->wait(waiter->entries, waiter->total, until(waiter->deadline));
  }
  waiter->entries[0].revents = POLLNVAL;
  return 1;
}

void* work(void* data) {
  auto* waiter = static_cast<Waiter*>(data);
  pthread_mutex_lock(&waiter->lock);
  while (!waiter->stopping) {
    if (!waiter->lent) {
      pthread_cond_wait(&waiter->changed, &waiter->lock);
      continue;
    }
    pthread_mutex_unlock(&waiter->lock);
    const int result = wait(waiter);
    pthread_mutex_lock(&waiter->lock);
    waiter->result = result;
    waiter->lent = false;
    // Under the lock: who has it back has heard the bell, too, and can answer it.
    if (!waiter->recalled) doorbell_ring(&waiter->news);
    pthread_cond_signal(&waiter->changed);
  }
  pthread_mutex_unlock(&waiter->lock);
  return nullptr;
}

}  // namespace

int waiter_open(Waiter* waiter, Wait wait) {
  *waiter = Waiter{};
  waiter->wait = wait;
  waiter->news = NO_DOORBELL;
  waiter->recall = NO_DOORBELL;
  int result = doorbell_open(&waiter->news);
  // While a thread waits nothing but this bell brings it back, and a pipe does when it is closed.
  if (result == 0) result = doorbell_open_pipe(&waiter->recall);
  if (result == 0) {
    pthread_mutex_init(&waiter->lock, nullptr);
    pthread_cond_init(&waiter->changed, nullptr);
    result = quiet_thread_start(&waiter->thread, "calandria-wait", STACK, work, waiter);
    if (result == 0) {
      waiter->open = true;
      return 0;
    }
    pthread_cond_destroy(&waiter->changed);
    pthread_mutex_destroy(&waiter->lock);
  }
  doorbell_close(&waiter->recall);
  doorbell_close(&waiter->news);
  return result;
}

void waiter_lend(Waiter* waiter, struct pollfd* entries, uint32_t total, uint64_t deadline) {
  entries[0] = {waiter->recall.reader, POLLIN, 0};
  waiter->away = true;
  pthread_mutex_lock(&waiter->lock);
  waiter->entries = entries;
  waiter->total = total;
  waiter->deadline = deadline;
  waiter->recalled = false;
  waiter->lent = true;
  pthread_cond_signal(&waiter->changed);
  pthread_mutex_unlock(&waiter->lock);
}

int waiter_take(Waiter* waiter) {
  pthread_mutex_lock(&waiter->lock);
  const bool early = waiter->lent;
  if (early) {
    waiter->recalled = true;
    doorbell_ring(&waiter->recall);
    while (waiter->lent) pthread_cond_wait(&waiter->changed, &waiter->lock);
  }
  const int result = waiter->result;
  pthread_mutex_unlock(&waiter->lock);
  waiter->away = false;
  struct pollfd* own = &waiter->entries[0];
  int heard = doorbell_answer(early ? &waiter->recall : &waiter->news);
  if (early && heard == 0) heard = doorbell_check(&waiter->recall);
  if (early && heard == 0) heard = doorbell_check(&waiter->news);
  // Nobody has recalled it: the bell has lost its writer.
  if (!early && own->revents != 0) heard = -EBADF;
  if (heard < 0) waiter->lost = heard;
  const int others = result > 0 && own->revents != 0 ? result - 1 : result;
  *own = {-1, 0, 0};
  return others;
}

void waiter_close(Waiter* waiter) {
  if (!waiter->open) return;
  if (waiter->away) waiter_take(waiter);
  pthread_mutex_lock(&waiter->lock);
  waiter->stopping = true;
  pthread_cond_signal(&waiter->changed);
  pthread_mutex_unlock(&waiter->lock);
  pthread_join(waiter->thread, nullptr);
  pthread_cond_destroy(&waiter->changed);
  pthread_mutex_destroy(&waiter->lock);
  doorbell_close(&waiter->recall);
  doorbell_close(&waiter->news);
  waiter->open = false;
}

}  // namespace calandria
