#include "attached.h"

#include <cstdlib>

#include "completions.h"
#include "errors.h"
#include "inbox.h"

namespace calandria {

namespace {

/** Then libuv has its turn: timers, other descriptors, whatever else lives in the process. */
constexpr int TURNS_A_WAKE_UP = 4;
/** ns: how long a spinning reactor goes on before libuv has its turn. */
constexpr uint64_t SLICE = 1000000;
/**
 * A busy reactor looks at the kernel at least every so many turns, so that no descriptor starves.
 */
constexpr uint32_t SKIPS_MAX = 8;
/** A handler that throws from every tick must not keep the drive from coming back. */
constexpr int FAILED_DRAINS_MAX = 1000;

/** What a callback threw goes the way of every uncaught exception; the turn goes on. */
void report(napi_env env) {
  napi_value error;
  bool pending = false;
  if (napi_is_exception_pending(env, &pending) != napi_ok || !pending) return;
  if (napi_get_and_clear_last_exception(env, &error) == napi_ok) napi_fatal_exception(env, error);
}

napi_value referenced(napi_env env, napi_ref reference) {
  napi_value value = nullptr;
  napi_get_reference_value(env, reference, &value);
  return value;
}

/**
 * Calls with Node's callback scope: when it returns, ticks and microtasks have run. False if one
 * threw.
 */
bool call_and_drain(Attached* attached, napi_ref function) {
  napi_env env = attached->env;
  napi_value result;
  napi_value callee = referenced(env, function);
  napi_value receiver;
  if (callee == nullptr || napi_get_global(env, &receiver) != napi_ok) return true;
  if (napi_make_callback(env, attached->context, receiver, callee, 0, nullptr, &result) ==
      napi_ok) {
    return true;
  }
  report(env);
  return false;
}

/**
 * Calls reactor code that runs no handlers; nothing can be queued by it. False when it threw, or
 * when the environment is being torn down and runs no code any more.
 */
bool call_plain(Attached* attached, napi_ref function) {
  napi_env env = attached->env;
  napi_value result;
  napi_value callee = referenced(env, function);
  napi_value receiver;
  if (callee == nullptr || napi_get_undefined(env, &receiver) != napi_ok) return false;
  if (napi_call_function(env, receiver, callee, 0, nullptr, &result) == napi_ok) return true;
  report(env);
  return false;
}

/** Is there a deadline, and has it passed? */
bool due(const Attached* attached) {
  const uint64_t deadline = load_long(&attached->shim.memory, layout::DEADLINE);
  return deadline != 0 && deadline <= shim_now();
}

/**
 * Polls until the kernel reports something, the spin or the slice is over, or a deadline passes.
 */
int poll_spinning(Attached* attached, uint64_t slice) {
  const uint64_t until = attached->spin_until < slice ? attached->spin_until : slice;
  for (;;) {
    const int events = attached->shim.interface->poll(&attached->shim);
    if (events != 0 || shim_now() >= until || due(attached)) return events;
  }
}

enum class Outcome { quiet, again, closed };

/** Handlers, then ticks and microtasks until none is left. */
void deliver(Attached* attached) {
  napi_ref next = attached->deliver;
  for (int drains = 0; !call_and_drain(attached, next); next = attached->empty) {
    if (attached->closing || ++drains == FAILED_DRAINS_MAX) return;
  }
}

/** One turn over `events` records that lie in the event vector. */
Outcome run_turn(Attached* attached, int events) {
  const Memory* memory = &attached->shim.memory;
  const bool skipped = events == layout::WAIT_SKIPPED;
  const int result = skipped ? events : static_cast<int>(seam_result(events));
  store_word(memory, layout::WAIT_RESULT, result);
  store_word(memory, layout::EVENT_COUNT, events > 0 ? events : 0);
  store_long(memory, layout::NOW, shim_now());
  // Nothing may be submitted when the turn did not run: what is in the queue was executed before.
  if (!call_plain(attached, attached->ingest) || attached->closing) return Outcome::closed;
  // A turn without deliveries has ended by itself: no handler ran, so there is nothing to drain.
  if (load_word(memory, layout::PHASE) == layout::PHASE_TURN) {
    deliver(attached);
    if (attached->closing) return Outcome::closed;
    if (!call_plain(attached, attached->end) || attached->closing) return Outcome::closed;
  }
  // A queue that is not to be believed is left undone; the core's own check ends the reactor.
  const bool more = shim_submit(&attached->shim) != 0 || load_word(memory, layout::TURN_AGAIN) != 0;
  return more ? Outcome::again : Outcome::quiet;
}

/** Does the interface hold events that the last turn had no room for? */
bool found_more(const Shim* shim) {
  const Interface* interface = shim->interface;
  return interface->found != nullptr && interface->found(shim);
}

/**
 * While submissions answer each other the kernel is only looked at now and then; what it has said
 * already is taken with them.
 */
int poll_unless_busy(Attached* attached) {
  const Memory* memory = &attached->shim.memory;
  if (attached->shim.restless < 0) {
    const int result = attached->shim.restless;
    attached->shim.restless = 0;
    return result;
  }
  const bool look = load_word(memory, layout::TURN_AGAIN) == layout::AGAIN_LOOK ||
                    load_word(memory, layout::SUBMISSION_DONE) == 0 || found_more(&attached->shim);
  if (attached->again && !look && ++attached->skipped < SKIPS_MAX) return layout::WAIT_SKIPPED;
  attached->skipped = 0;
  return attached->shim.interface->poll(&attached->shim);
}

/** Turns until there is nothing to do or libuv's turn has come; true to be called again at once. */
bool run_turns(Attached* attached) {
  for (int turn = 1;; turn++) {
    const Outcome outcome = run_turn(attached, poll_unless_busy(attached));
    attached->again = outcome == Outcome::again;
    if (outcome == Outcome::closed) return false;
    if (!attached->again || turn == TURNS_A_WAKE_UP) return attached->again;
  }
}

/** The same for a reactor that spins before it sleeps; libuv has its turn after each slice. */
bool run_turns_spinning(Attached* attached) {
  const uint64_t slice = shim_now() + SLICE;
  for (;;) {
    int events;
    if (attached->spinning && !attached->again && !due(attached)) {
      events = poll_spinning(attached, slice);
      if (events == 0 && !due(attached)) {
        attached->spinning = shim_now() < attached->spin_until;
        return attached->spinning;
      }
    } else {
      events = poll_unless_busy(attached);
    }
    const Outcome outcome = run_turn(attached, events);
    attached->again = outcome == Outcome::again;
    if (outcome == Outcome::closed) return false;
    attached->spinning = true;
    attached->spin_until = shim_now() + attached->spin;
    if (shim_now() >= slice) return true;
  }
}

void on_idle(uv_idle_t* idle);

/** The loop may sleep, and the notifier wakes it; false: there is something to tell already. */
bool sleeps(Attached* attached) {
  Shim* shim = &attached->shim;
  int result = completions_check(shim);
  if (result == 0) result = shim->interface->arm(shim, load_long(&shim->memory, layout::DEADLINE));
  shim->restless = result < 0 ? result : 0;
  return result == 0;
}

void run(Attached* attached) {
  if (attached->running || attached->closing) return;
  napi_handle_scope scope;
  if (napi_open_handle_scope(attached->env, &scope) != napi_ok) return;
  attached->running = true;
  const bool busy = attached->spin > 0 ? run_turns_spinning(attached) : run_turns(attached);
  attached->running = false;
  if (!attached->closing) {
    // A deadline that has passed already would not make the notifier readable a second time.
    if (busy || due(attached) || !sleeps(attached)) {
      uv_idle_start(&attached->idle, on_idle);
    } else {
      uv_idle_stop(&attached->idle);
    }
  }
  napi_close_handle_scope(attached->env, scope);
}

void on_idle(uv_idle_t* idle) { run(static_cast<Attached*>(idle->data)); }

/** One of libuv's handles is closed; the last one takes all with it. */
void on_released(Shim* shim) {
  // The shim is its first member.
  auto* attached = reinterpret_cast<Attached*>(shim);
  if (--shim->handles > 0) return;
  if (attached->cleanup != nullptr) napi_remove_async_cleanup_hook(attached->cleanup);
  free(attached);
}

void on_closed(uv_handle_t* handle) { on_released(&static_cast<Attached*>(handle->data)->shim); }

void on_cleanup(napi_async_cleanup_hook_handle, void* data) {
  attached_close(static_cast<Attached*>(data));
}

void forget(napi_env env, napi_ref* reference) {
  if (*reference != nullptr) napi_delete_reference(env, *reference);
  *reference = nullptr;
}

}  // namespace

int attached_start(Attached* attached) {
  uv_loop_t* loop = nullptr;
  if (napi_get_uv_event_loop(attached->env, &loop) != napi_ok) return UV_EINVAL;
  const int result = uv_poll_init(loop, &attached->poll, attached->shim.notifier);
  if (result < 0) return result;
  attached->poll.data = attached;
  uv_idle_init(loop, &attached->idle);
  attached->idle.data = attached;
  attached->shim.loop = loop;
  attached->shim.handles = 2;
  attached->shim.released = on_released;
  // Only while it runs does the idle handle keep the loop alive; the poll handle does when hold()
  // says so.
  uv_unref(reinterpret_cast<uv_handle_t*>(&attached->poll));
  if (napi_add_async_cleanup_hook(attached->env, on_cleanup, attached, &attached->cleanup) !=
      napi_ok) {
    return UV_ENOMEM;
  }
  return uv_poll_start(&attached->poll, UV_READABLE, [](uv_poll_t* poll, int, int) {
    auto* readable = static_cast<Attached*>(poll->data);
    readable->shim.roused = true;
    run(readable);
  });
}

void attached_wake(Attached* attached) {
  if (attached->closing || attached->running) return;
  attached->again = true;
  attached->shim.called = true;
  attached->skipped = SKIPS_MAX;
  uv_idle_start(&attached->idle, on_idle);
}

void attached_hold(Attached* attached, bool hold) {
  if (attached->closing) return;
  auto* handle = reinterpret_cast<uv_handle_t*>(&attached->poll);
  if (hold) uv_ref(handle);
  else uv_unref(handle);
}

void attached_close(Attached* attached) {
  if (attached->closing) return;
  attached->closing = true;
  if (attached->holder != nullptr) *attached->holder = nullptr;
  attached->holder = nullptr;
  const bool started = attached->shim.handles > 0;
  if (started) uv_poll_stop(&attached->poll);
  shim_close(&attached->shim);
  void* ring;
  while ((ring = inbox_unshare_any(&attached->shim)) != nullptr) {
    napi_delete_reference(attached->env, static_cast<napi_ref>(ring));
  }
  forget(attached->env, &attached->ingest);
  forget(attached->env, &attached->deliver);
  forget(attached->env, &attached->end);
  forget(attached->env, &attached->empty);
  forget(attached->env, &attached->memory);
  if (attached->context != nullptr) napi_async_destroy(attached->env, attached->context);
  if (!started) {
    free(attached);
    return;
  }
  uv_close(reinterpret_cast<uv_handle_t*>(&attached->poll), on_closed);
  uv_close(reinterpret_cast<uv_handle_t*>(&attached->idle), on_closed);
}

}  // namespace calandria
