#include "pool.h"

#include <cerrno>

#include "compiler.h"
#include "completions.h"
#include "quiet_thread.h"

namespace calandria {

namespace {

/** Enough for a system call; sanitizers want more than a page or two. */
constexpr size_t STACK = 512 << 10;

Request* take(Pool* pool) {
  Request* request = pool->first;
  pool->first = request->next;
  if (pool->first == nullptr) pool->last = nullptr;
  pool->queued--;
  return request;
}

void* work(void* data) {
  auto* pool = static_cast<Pool*>(data);
  pthread_mutex_lock(&pool->lock);
  while (!pool->stopping) {
    if (pool->first == nullptr) {
      pool->idle++;
      pthread_cond_wait(&pool->work, &pool->lock);
      pool->idle--;
      continue;
    }
    Request* request = take(pool);
    pthread_mutex_unlock(&pool->lock);
    request->result = request->run(request);
    completions_finish(pool->completions, request);
    pthread_mutex_lock(&pool->lock);
  }
  pthread_mutex_unlock(&pool->lock);
  return nullptr;
}

int start_thread(Pool* pool) {
  pthread_t* id = &pool->ids[pool->threads];
  const int result = quiet_thread_start(id, "calandria-pool", STACK, work, pool);
  if (result == 0) pool->threads++;
  return result;
}

}  // namespace

void pool_open(Pool* pool, Completions* completions) {
  *pool = Pool{};
  pool->completions = completions;
  pthread_mutex_init(&pool->lock, nullptr);
  pthread_cond_init(&pool->work, nullptr);
}

int pool_start(Pool* pool, Request* request) {
  pthread_mutex_lock(&pool->lock);
  int result = pool->queued < POOL_QUEUE_MAX ? 0 : -EAGAIN;
  const bool another = pool->queued >= static_cast<uint32_t>(pool->idle);
  if (result == 0 && another && pool->threads < POOL_THREADS) {
    result = start_thread(pool);
    // Those there are will come to it.
    if (pool->threads > 0) result = 0;
  }
  if (result == 0) {
    request->next = nullptr;
    if (pool->last == nullptr) pool->first = request;
    else pool->last->next = request;
    pool->last = request;
    pool->queued++;
    pthread_cond_signal(&pool->work);
  }
  pthread_mutex_unlock(&pool->lock);
  return result;
}

Request* pool_close(Pool* pool) {
  pthread_mutex_lock(&pool->lock);
  store_relaxed(&pool->stopping, true);
  Request* left = pool->first;
  pool->first = nullptr;
  pool->last = nullptr;
  pool->queued = 0;
  pthread_cond_broadcast(&pool->work);
  pthread_mutex_unlock(&pool->lock);
  for (int thread = 0; thread < pool->threads; thread++) pthread_join(pool->ids[thread], nullptr);
  pthread_cond_destroy(&pool->work);
  pthread_mutex_destroy(&pool->lock);
  return left;
}

}  // namespace calandria
