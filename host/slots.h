// Operations that the host holds: one slot each, with the bytes that a read puts somewhere until
// the core collects them. Page-aligned and mapped at once, but a page costs nothing before it is
// used; the slot given back last is taken first, so that small reads stay in a few warm pages.
#pragma once

#include "aio_control.h"
#include "completions.h"

namespace calandria {

struct FileState;

struct Slot {
  /** First: a request is its slot. */
  Request request;
  AioControl control;
  FileState* file;
  int fd;
  int task;
  uint64_t offset;
  uint32_t length;
  /** Of a write: the bytes, where the core holds them. */
  const uint8_t* from;
  /** slots_bytes() of them, page-aligned. */
  uint8_t* bytes;
  uint32_t entry;
  Slot* next;
};

struct Slots {
  Slot* all;
  Slot* free;
  uint8_t* area;
  size_t area_size;
};

/** Room that each slot has; a completion with as much fits a segment of the read arena. */
uint32_t slots_bytes(const Shim* shim);

/** Null when all are taken, or when there is no memory for them. */
Slot* slot_take(Shim* shim);

void slot_give(Shim* shim, Slot* slot);

/** Gives it back, and answers its operation so (-errno), which lies in the queue still. */
void slot_answer(Shim* shim, Slot* slot, int result);

/** To a thread, or answered: an operation that the kernel's queue did not take. */
void slot_reroute(Shim* shim, Slot* slot);

/** Nothing is under way any more. */
void slots_close(Shim* shim);

}  // namespace calandria
