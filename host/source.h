// What a descriptor can do: one table of verbs a kind of source. The submission queue names a
// record; its descriptor names the source; execute.cc joins the two. A source that reports records
// in place of a stream (assembly/layout.ts, "Batches") has the same verbs.
#pragma once

#include <sys/uio.h>

#include "doorbell.h"
#include "room.h"
#include "shim.h"

namespace calandria {

/** What OPEN asks for. */
struct OpenRequest {
  uint32_t entry;
  uint32_t record;
  uint32_t generation;
  const uint8_t* bytes;
  uint32_t length;
  int32_t argument;
  int32_t value;
};

/** Verbs that are null are answered -EOPNOTSUPP. Results are 0 or more, or -errno. */
struct Source {
  const char* name;
  /** CONNECT_STATUS: what became of an open that was answered -EINPROGRESS. */
  int32_t (*status)(Shim* shim, Descriptor* descriptor, uint32_t entry, ReadRoom* room);
  /** RECEIVE: bytes read into the room, their address in the entry; see answer_bytes. */
  int32_t (*receive)(Shim* shim, Descriptor* descriptor, uint32_t entry, ReadRoom* room);
  int32_t (*send)(Shim* shim, Descriptor* descriptor, uint32_t entry);
  int32_t (*sample)(Shim* shim, Descriptor* descriptor, uint32_t entry);
  int32_t (*set_option)(Shim* shim, Descriptor* descriptor, uint32_t entry);
  /** OPERATE: a result at once, -EINPROGRESS and a completion later, or -EAGAIN. */
  int32_t (*operate)(Shim* shim, Descriptor* descriptor, uint32_t entry, ReadRoom* room);
  /** Null: close(2). The descriptor is out of the table already. */
  int32_t (*close)(Shim* shim, const Descriptor* descriptor);
  /** Null: shutdown(2). May answer SHUT_DOWN_ALL. */
  int32_t (*shut_down)(Shim* shim, Descriptor* descriptor) = nullptr;
  int32_t (*accept)(Shim* shim, Descriptor* descriptor, uint32_t entry, ReadRoom* room) = nullptr;
  /** SEND_FILE: the bytes of the pieces, then of a file. */
  int32_t (*send_file)(Shim* shim, Descriptor* descriptor, uint32_t entry) = nullptr;
};

/** A verb's result when the interface's flush() writes the answer. */
constexpr int32_t ANSWERED_LATER = INT32_MIN;

/** Whether a bell has to be answered: where it fills up, or is reported for as long as it rings. */
inline bool bells_are_answered(const Shim* shim) {
  return DOORBELL_FILLS || shim->interface->levels;
}

inline uint32_t field(const Shim* shim, uint32_t entry, uint32_t offset) {
  return load_unsigned(&shim->memory, entry + offset);
}

/** Room for a batch: what RECEIVE asks for, and never less than one record, whatever it says. */
inline bool ensure_batch(const Shim* shim, uint32_t entry, ReadRoom* room, uint32_t record) {
  const uint32_t asked = field(shim, entry, layout::SUBMISSION_ARGUMENT);
  return read_room_ensure(room, asked > record ? asked : record);
}

/** The pieces that SEND names, PIECES_A_SEND at the most; how many, or -EPROTO. */
int32_t gather_pieces(const Shim* shim, uint32_t entry, struct iovec* vectors);

/** Puts a name record of PEER_SIZE bytes among the bytes that arrived. The caller has the room. */
int32_t answer_name(Shim* shim, uint32_t entry, ReadRoom* room, const uint8_t* name);

/** `length` bytes were put at the cursor: tells where, and moves it behind them. */
int32_t answer_bytes(Shim* shim, uint32_t entry, ReadRoom* room, uint32_t length);

/**
 * A descriptor that was just opened: into the table and the notifier, or closed again. Answers
 * `result` and the name record, or -errno.
 */
int32_t answer_opened(Shim* shim, const OpenRequest* request, ReadRoom* room, int fd,
                      const Source* source, void* state, const uint8_t* name, int32_t result);

}  // namespace calandria
