// io_uring(7) as a host. The submission queue's sends leave in one system call, and with it come
// the completions that are the next turn's events. Connections that want whatever comes are
// received and accepted ahead (multishot), and what came waits here until the core asks for it.
//
// Each record has a watch: what the kernel was asked about its descriptor. There is at most one
// request of a kind for an owner, and what was taken back is awaited before it is asked again:
//
//              ask                     take back
//    no ───────────────→ armed ───────────────────→ ending
//     ↑                    │ its last completion      │ its last completion
//     └────────────────────┴──────────────────────────┘
//
// A live descriptor always has readiness armed, or what is better; see watch_rest().
#pragma once

#include <sys/socket.h>
#include <sys/uio.h>

#include "shim.h"
#include "source.h"
#include "uring_buffers.h"
#include "uring_rings.h"

struct io_uring_cqe;
struct io_uring_sqe;

namespace calandria {

enum class Asked : uint8_t { no, armed, ending };

/** Entries that one call hands over at the most. */
constexpr uint32_t RING_ENTRIES_MIN = 8;
constexpr uint32_t RING_ENTRIES_MAX = 4096;
/** What the option is unless somebody sets it. */
constexpr uint32_t RING_ENTRIES_USUAL = 256;
/** Pieces of the sends among them. */
constexpr uint32_t URING_VECTORS = 2048;

/** No run, no watch. */
constexpr uint32_t NOBODY = 0xffffffffu;

/** Bytes in a lent segment, or a connection, that wait for RECEIVE or ACCEPT. */
struct Run {
  /** Of a connection: its descriptor. */
  uint32_t address;
  uint32_t length;
  /** The look that brought it. */
  uint32_t look;
  uint32_t next;
};

/** Bytes that were moved out of a segment because nobody asks for them. */
struct Stash {
  uint32_t length;
  uint32_t given;
  uint8_t bytes[];
};

struct Watch {
  uint32_t generation;
  /** -1: nothing is watched. */
  int fd;
  Asked readiness;
  Asked ahead;
  /** Waits for room to send. */
  Asked room;
  /** Readiness of input alone is of interest (attach()'s `listener`); and of room, too. */
  bool input_only;
  bool watches_room;
  /** In the list of those for whom something may wait. */
  bool listed;
  /** Nothing comes any more: `ending` is what RECEIVE answers then. */
  bool ended;
  int32_t ending;
  uint32_t first;
  uint32_t last;
  uint32_t next_listed;
  Stash* stash;
};

/** A part of a file that is being fetched, through a pipe that nobody reads. */
struct Fetch {
  /** Null: nothing is. */
  WarmJob* job;
  /** -1: there is none. */
  int pipe[2];
  uint64_t done;
};

/** So many at a time; more are the pool's. */
constexpr uint32_t FETCHES_MAX = 32;

struct Uring {
  Rings rings;
  LentBuffers buffers;
  /** By record, and one for the completions' announcer. */
  Watch* watches;
  /** Runs in use, and those that were given back. */
  Run* runs;
  uint32_t runs_total;
  uint32_t runs_touched;
  uint32_t runs_free;
  uint32_t listed_first;
  uint32_t listed_last;
  /** Looks that brought something; queues that were executed. */
  uint32_t looks;
  uint64_t queues;
  uint64_t stashed;
  /** Requests whose last completion was not taken. */
  uint64_t outstanding;
  bool timer;
  /** The doorbell is on. */
  bool listening;
  /** Nothing is asked any more. */
  bool finishing;
  /** The ring is of no use any more: why (-errno), or 0. */
  int lost;
  /** What wakes the loop, as it was opened: the epoll set, and the doorbell in it. */
  Identity watched;
  Identity doorbell;
  /** Completions up to here were looked through for answers. */
  uint32_t searched;
  /** Of what is queued: sends, whose answers must find room; all completions that may come now. */
  uint32_t answers;
  uint32_t due;
  struct msghdr* messages;
  uint32_t messages_used;
  struct iovec* vectors;
  uint32_t vectors_used;
  Fetch fetches[FETCHES_MAX];
};

extern const Source uring_stream;
extern const Source uring_listener;

// ── uring.cc ──

/** What an entry's completions carry. */
inline uint64_t uring_data(int32_t kind, uint32_t record, uint32_t generation) {
  constexpr uint32_t mask = (1u << layout::RING_RECORD_BITS) - 1;
  return static_cast<uint64_t>(generation) << 32 |
         static_cast<uint32_t>(kind) << layout::RING_RECORD_BITS | (record & mask);
}

inline int32_t uring_kind(uint64_t data) {
  return static_cast<int32_t>(static_cast<uint32_t>(data) >> layout::RING_RECORD_BITS);
}

/** In place of a generation: of RING_WAKE what woke, of RING_OPERATION what was done. */
constexpr uint32_t TIMER = 1;
constexpr uint32_t FETCH = 2;

/** Of RING_ANSWER the entry's address; see TIMER. */
inline uint32_t uring_generation(uint64_t data) { return static_cast<uint32_t>(data >> 32); }

/** Its own one, and that of what it takes back. */
constexpr uint32_t DUE_USUALLY = 2;
/** A multishot request may answer so often at once (the kernel's MULTISHOT_MAX_RETRY, and one). */
constexpr uint32_t DUE_OF_MULTISHOT = 33;

/**
 * An entry to be filled, which may bring so many completions at once. Hands over what there is when
 * the ring is full, or these would take the room of a send's answer. Null: it takes none.
 */
struct io_uring_sqe* uring_entry(Shim* shim, uint32_t due = DUE_USUALLY);

/**
 * Hands over what is queued and writes the answers to sends. With `reap`, also makes the
 * completions that wait to be made. 0, or -errno, and then no send is left queued.
 */
int uring_hand_over(Shim* shim, bool reap);

/** Makes sure of an entry for a send of so many pieces; false: it has to leave by itself. */
bool uring_room_for_send(Shim* shim, uint32_t pieces);

/** The loop is woken when `fd` becomes readable. 0, or -errno. */
int uring_rouse_by(const Shim* shim, int fd);

/** Whether io_uring can be used in this process, and whether it can receive ahead. */
bool uring_usable(UringRefusal* refusal, bool* receives_ahead);

// ── uring_completions.cc ──

/** A completion before it goes to the core; false: it has to wait in the ring. */
bool completion_noted(Shim* shim, const struct io_uring_cqe* completion);

/**
 * Makes the completions that lie in the ring this turn's events, as many as it takes; how many.
 * Answers to sends between them mean nothing there.
 */
int completions_take(Shim* shim);

// ── uring_watches.cc ──

/** The watch of a record, or of RECORD_COMPLETIONS; null for any other index. */
Watch* watch_at(const Shim* shim, uint32_t record);

/** The same, if it is this owner's and still watched. */
Watch* watch_of(const Shim* shim, uint32_t record, uint32_t generation);

int uring_attach(Shim* shim, int fd, uint32_t record, uint32_t generation, bool input_only);
int uring_detach(Shim* shim, int fd);
int uring_watch_room(Shim* shim, int fd, uint32_t record, uint32_t generation, bool on);
void uring_forget(Shim* shim, uint32_t record);

/** A watch for this owner, of which nothing is asked yet. */
Watch* watch_begin(Shim* shim, int fd, uint32_t record, uint32_t generation);

/** Asks for readiness, unless it is asked for or has to be awaited first. */
void watch_rest(Shim* shim, uint32_t record, Watch* watch);

/** Once there is room to send, unless readiness tells of it. */
void watch_for_room(Shim* shim, uint32_t record, Watch* watch);

/** Makes this queued entry, whose SEND is not made, one that waits for room. */
void watch_instead_of_send(Shim* shim, uint32_t submission, struct io_uring_sqe* entry);

/** To be filled, and asked ahead: a multishot receive or accept. Null when it cannot be now. */
struct io_uring_sqe* watch_ahead(Shim* shim, uint32_t record, Watch* watch, int32_t kind);

/** Takes back what was asked ahead; readiness follows when it has ended. */
void watch_hold_back(Shim* shim, uint32_t record, Watch* watch, int32_t kind);

/** A completion of RING_READINESS, _ROOM, _RECEIVE or _ACCEPT; false: no room to keep it. */
bool watch_completed(Shim* shim, const struct io_uring_cqe* completion);

// ── uring_runs.cc: what was received or accepted ahead ──

bool run_append(Shim* shim, uint32_t record, Watch* watch, uint32_t address, uint32_t length);

/** Takes the first one away. */
void run_drop(Uring* uring, Watch* watch);

/** All that waits for this watch: dropped, and connections closed. */
void runs_drop(Shim* shim, Watch* watch, bool connections);

/** Bytes that wait for RECEIVE, moved here or not; connections that wait for ACCEPT. */
uint32_t runs_bytes(const Uring* uring, const Watch* watch);
uint32_t runs_count(const Uring* uring, const Watch* watch);

/** Copies at most so many of the bytes that wait, and takes them away; how many. */
uint32_t runs_take(Shim* shim, Watch* watch, uint8_t* to, uint32_t most);

/** Moves aside what nobody asked for, and stops asking ahead for those who let it wait. */
void runs_age(Shim* shim);

// ── uring_streams.cc, uring_listeners.cc, uring_files.cc ──

/** Receives ahead from now on, if that can be. */
void stream_ahead(Shim* shim, uint32_t record, Watch* watch);

/** The answer to a SEND that was handed over. */
void stream_sent(Shim* shim, uint32_t entry, int32_t result);

bool uring_operate(Shim* shim, Slot* slot);
void operation_completed(Shim* shim, const struct io_uring_cqe* completion);

bool uring_fetch(Shim* shim, WarmJob* job);

/** A part of what is to be fetched was. */
void fetch_went_on(Shim* shim, const struct io_uring_cqe* completion);

/** The ring is finished: what it was fetching is told as it is. */
void fetches_end(Shim* shim);

}  // namespace calandria
