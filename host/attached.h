// The attached drive: a shim nested in the event loop of the Node environment that loaded it.
//
// The notifier's descriptor is a uv_poll_t, so timers, promises, http and everything else of Node
// live beside the reactor. A wake-up runs up to TURNS_A_WAKE_UP turns; each is
//
//   poll → ingest → deliver (handlers, then ticks and microtasks) → end → submit
//
// and nothing is left unsubmitted when control returns to libuv.
#pragma once

#include <node_api.h>
#include <uv.h>

#include "shim.h"

namespace calandria {

struct Attached {
  /** First, so that the address of either is that of both. */
  Shim shim;
  napi_env env;
  uv_poll_t poll;
  /** Runs while a turn is wanted although the notifier is silent. */
  uv_idle_t idle;
  napi_async_context context;
  napi_async_cleanup_hook_handle cleanup;
  napi_ref memory;
  napi_ref ingest;
  napi_ref deliver;
  napi_ref end;
  napi_ref empty;
  /** Where the module keeps its pointer to this; emptied when this closes. */
  Attached** holder;
  /** ns to spin before sleeping; 0: never. */
  uint64_t spin;
  uint64_t spin_until;
  uint32_t skipped;
  bool running;
  bool closing;
  bool again;
  bool spinning;
};

/** Starts the drive over an open shim; 0, or a negative libuv error (then close it). */
int attached_start(Attached* attached);

/** A turn soon, although the kernel has nothing to say. */
void attached_wake(Attached* attached);

/** Whether the reactor alone keeps the loop (and so the process) alive. */
void attached_hold(Attached* attached, bool hold);

/**
 * Stops, closes every descriptor, and frees `attached` once libuv let go of it. May be called in a
 * turn.
 */
void attached_close(Attached* attached);

}  // namespace calandria
