// The memory layout: the law for the core (AssemblyScript), the reactor (TypeScript) and the shims
// (C++).
//
// This file is valid as both TypeScript and AssemblyScript, and the C++ header is generated from
// it, so it holds nothing but integer constants. All multi-byte fields are little-endian. Addresses
// are byte offsets in the one linear memory. Changing anything here changes the layout hash in
// every trace header.
//
//   0x00000  ┌──────────────────────────────┐  the compiler's static data, which never changes
//   0x10000  │ control block, 4 KiB         │  limits, addresses, exchange words, state, counters
//            ├──────────────────────────────┤
//            │ submissions      32 B each   │  core → host; the result is written into the entry
//            │ events           host format │  host → core; raw kernel records
//            │ changes          host format │  the host's own: what it registers, put together
//            │ deliveries       32 B each   │  core → handlers
//            │ updates          24 B each   │  which sides of which records changed this turn
//            │ dirty list       40 B each   │  what a touched record said before this turn
//            │ calls            stream      │  handlers → trace (written only while recording)
//            │ records         128 B each   │  one a source: both sides' latest kevent-style state
//            │ peers            32 B each   │  socket addresses, kept apart because they are cold
//            │ operations       64 B each   │  what was asked of a source and is answered later
//            │ timers, heap, pieces, links  │
//            │ queue blocks      4 KiB each │  unsent tails: bytes copied after a short write
//            │ bounce buffer                │  room for one write while the write arena is full
//            │ read arena                   │  segments packed by the host, counted by the core
//            │ write arena                  │
//            │ rings                        │  where a host has the kernel write them (uring)
//            └──────────────────────────────┘  end of memory; it never grows, so no view goes stale

export const LAYOUT_VERSION = 2;
/** "CALA" read as a little-endian word: the shim refuses memory that does not begin with it. */
export const LAYOUT_MAGIC = 0x414c4143;
export const PAGE_SIZE = 0x10000;

// ── Control block ────────────────────────────────────────────────────────────────────────────────
export const CONTROL = 0x10000;
export const CONTROL_SIZE = 0x1000;
export const CONTROL_MAGIC = CONTROL + 0;
export const CONTROL_VERSION = CONTROL + 4;

// Limits: written by the reactor before initialise(), never after. Counts are of entries, sizes are
// bytes.
export const RECORDS_MAX = CONTROL + 8;
export const SUBMISSIONS_MAX = CONTROL + 12;
export const EVENTS_MAX = CONTROL + 16;
export const DELIVERIES_MAX = CONTROL + 20;
export const UPDATES_MAX = CONTROL + 24;
export const CALLS_SIZE_MAX = CONTROL + 28;
export const TIMERS_MAX = CONTROL + 32;
export const PIECES_MAX = CONTROL + 36;
export const BLOCKS_MAX = CONTROL + 40;
export const READ_SEGMENTS_MAX = CONTROL + 44;
export const READ_SEGMENT_SIZE = CONTROL + 48;
export const WRITE_SEGMENTS_MAX = CONTROL + 52;
export const WRITE_SEGMENT_SIZE = CONTROL + 56;
/** Most bytes one connection may hold unsent; a write past it is refused whole. */
export const QUEUE_SIZE_MAX = CONTROL + 60;
/** Most bytes all connections together may hold unsent. */
export const QUEUE_TOTAL_MAX = CONTROL + 64;
/** From this many unsent bytes on, write() asks the program to wait for `drain`. */
export const QUEUE_HIGH_WATER = CONTROL + 68;
/** Most bytes one read asks for. */
export const READ_SIZE_MAX = CONTROL + 72;
export const SETTINGS = CONTROL + 76;
export const SEED_LOW = CONTROL + 80;
export const SEED_HIGH = CONTROL + 84;
export const OPERATIONS_MAX = CONTROL + 88;
/** Most operations that the host holds at once; the rest wait in the core. */
export const OPERATIONS_FLYING_MAX = CONTROL + 92;
/** Most completions taken in one COLLECT. */
export const COLLECT_MAX = CONTROL + 96;
/** Registrations that the host can put together before it hands them over. */
export const CHANGES_MAX = CONTROL + 100;
/** A host may count on so many. */
export const CHANGES_LEAST = 16;
/** Most leases at once. */
export const LEASES_MAX = CONTROL + 104;

export const SETTING_SAMPLE_TURN = 1;
export const SETTING_POISON = 2;
export const SETTING_TRACE = 4;
export const SETTING_TRACE_DIGEST = 8;
/** The announcing eventfd counts down by one a read (EFD_SEMAPHORE); for comparison. */
export const SETTING_SEMAPHORE = 16;
/** While operations are with the host, COLLECT in every turn with events, announced or not. */
export const SETTING_COLLECT_ALWAYS = 32;
/** sendFile reads and writes, so that a trace has the bytes too. */
export const SETTING_COPY_FILES = 64;
/**
 * The host reports that there is something to read, not that more has come: what was counted is
 * a lower bound from then on.
 */
export const SETTING_LEVELS = 128;
/**
 * The upper half of the read segments is the host's, for what it receives ahead of being asked. It
 * fills one again when nothing of it waits in the host and the core holds none of it.
 */
export const SETTING_LEND = 256;

// Region addresses: written by the reactor before initialise(), never after.
export const SUBMISSIONS_BASE = CONTROL + 128;
export const EVENTS_BASE = CONTROL + 132;
export const DELIVERIES_BASE = CONTROL + 136;
export const UPDATES_BASE = CONTROL + 140;
export const DIRTY_BASE = CONTROL + 144;
export const CALLS_BASE = CONTROL + 148;
export const RECORDS_BASE = CONTROL + 152;
export const PEERS_BASE = CONTROL + 156;
export const TIMERS_BASE = CONTROL + 160;
export const TIMER_HEAP_BASE = CONTROL + 164;
export const PIECES_BASE = CONTROL + 168;
export const BLOCK_LINKS_BASE = CONTROL + 172;
export const BLOCKS_BASE = CONTROL + 176;
export const BOUNCE_BASE = CONTROL + 180;
export const SEGMENTS_BASE = CONTROL + 184;
export const READ_ARENA_BASE = CONTROL + 188;
export const WRITE_ARENA_BASE = CONTROL + 192;
export const MEMORY_SIZE = CONTROL + 196;
export const OPERATIONS_BASE = CONTROL + 200;
export const CHANGES_BASE = CONTROL + 204;
export const LEASES_BASE = CONTROL + 208;
/** Room for rings that the kernel writes by itself; 0 bytes: none. */
export const RINGS_BASE = CONTROL + 212;
export const RINGS_SIZE = CONTROL + 216;

// Exchange words. Who writes: [c]ore, [h]ost, [r]eactor.
/** [c] Entries the host has to execute. */
export const SUBMISSION_COUNT = CONTROL + 256;
/** [h] Entries executed, their results in place. The core reads no entry past it. */
export const SUBMISSION_DONE = CONTROL + 260;
/**
 * [c] Not 0: run another turn without waiting, once the submissions are executed. AGAIN_LOOK: and
 * do not spare the look at the kernel before it.
 */
export const TURN_AGAIN = CONTROL + 264;
/** [h] Records in the event vector, their format, and the size of one in bytes. */
export const EVENT_COUNT = CONTROL + 268;
export const EVENT_FORMAT = CONTROL + 272;
export const EVENT_RECORD_SIZE = CONTROL + 276;
/** [h] Which notifier filled the vector. */
export const EVENT_NOTIFIER = CONTROL + 280;
/** [h] Result of the wait: events, a negative error number, or WAIT_SKIPPED. */
export const WAIT_RESULT = CONTROL + 284;
/** [h] u64 nanoseconds of a clock that never goes back; its origin means nothing. */
export const NOW = CONTROL + 288;
/** [c] u64 nanoseconds: the turn that must not be later than this; 0 for none. */
export const DEADLINE = CONTROL + 296;
/**
 * [c] Where the next read may put its bytes, the end of that segment, and the free segments to go
 * on with.
 */
export const READ_CURSOR = CONTROL + 304;
export const READ_LIMIT = CONTROL + 308;
export const SPARE_COUNT = CONTROL + 312;
/** [c] u64: turns begun. */
export const TURN = CONTROL + 320;
export const DELIVERY_COUNT = CONTROL + 328;
export const UPDATE_COUNT = CONTROL + 332;
export const CALLS_LENGTH = CONTROL + 336;
export const PHASE = CONTROL + 340;
/** [c] u64: running digest over everything the core emitted. */
export const DIGEST = CONTROL + 344;
/** [c] Sources that are not free (listeners and connections). */
export const RECORDS_USED = CONTROL + 352;
export const TIMERS_USED = CONTROL + 356;
/** [c] Highest record index ever used, plus 1: what lies above was never touched. */
export const RECORDS_TOUCHED = CONTROL + 360;

export const WAIT_SKIPPED = -0x7fffffff;
export const AGAIN = 1;
export const AGAIN_LOOK = 2;

export const PHASE_OUTSIDE = 0;
export const PHASE_TURN = 1;

/** [c] u64: when draining looks again which connections are quiet; 0 before the first time. */
export const STATE_DRAIN_AT = CONTROL + 368;
/** [c] u64: the turn of the last look. */
export const STATE_DRAIN_TURN = CONTROL + 376;

// The core's own words.
export const STATE_FREE_RECORD = CONTROL + 384;
export const STATE_FREE_PIECE = CONTROL + 388;
export const STATE_PIECES_TOUCHED = CONTROL + 392;
export const STATE_PIECES_ARENA = CONTROL + 396;
export const STATE_FREE_BLOCK = CONTROL + 400;
export const STATE_BLOCKS_TOUCHED = CONTROL + 404;
export const STATE_FREE_TIMER = CONTROL + 408;
export const STATE_TIMERS_TOUCHED = CONTROL + 412;
export const STATE_TIMER_HEAP_COUNT = CONTROL + 416;
export const STATE_TIMER_SEQUENCE = CONTROL + 420;
export const STATE_ARMING_HEAD = CONTROL + 424;
export const STATE_ARMING_TAIL = CONTROL + 428;
export const STATE_WORK_HEAD = CONTROL + 432;
export const STATE_WORK_TAIL = CONTROL + 436;
export const STATE_WORK_COUNT = CONTROL + 440;
export const STATE_DIRTY_COUNT = CONTROL + 444;
export const STATE_QUEUE_TOTAL = CONTROL + 448;
export const STATE_READ_SEGMENT = CONTROL + 452;
export const STATE_WRITE_SEGMENT = CONTROL + 456;
export const STATE_WRITE_CURSOR = CONTROL + 460;
export const STATE_DRAINING = CONTROL + 464;
/** u64: when parked listeners try again; 0 while none is parked. */
export const STATE_PARKED_UNTIL = CONTROL + 472;
export const STATE_RANDOM_LOW = CONTROL + 480;
export const STATE_RANDOM_HIGH = CONTROL + 488;
/** Bytes that this turn's reads are expected to bring. */
export const STATE_READ_EXPECTED = CONTROL + 496;

/** Timers that fired in this turn: their indices stay theirs until it ends. */
export const STATE_FIRED_HEAD = CONTROL + 504;

/** [c] Indices of free read segments, i32 each, in the order in which the host takes them. */
export const SPARE_LIST = CONTROL + 512;
export const SPARE_LIST_MAX = 64;

/** [c] u64: when draining drops what is left; 0 for never. */
export const STATE_DRAIN_LIMIT = CONTROL + 768;
/** [c] Milliseconds plus 1 until then, from the next turn on; 0 for none. */
export const STATE_DRAIN_DELAY = CONTROL + 776;

// Operations (operations.ts) and the merged loop (merged.ts).
export const STATE_FREE_OPERATION = CONTROL + 784;
export const STATE_OPERATIONS_TOUCHED = CONTROL + 788;
/** Operations in use, and of those the ones that the host holds. */
export const OPERATIONS_USED = CONTROL + 792;
export const OPERATIONS_FLYING = CONTROL + 796;
/** First in, first out: operations that wait to be submitted. */
export const STATE_WAITING_HEAD = CONTROL + 800;
export const STATE_WAITING_TAIL = CONTROL + 804;
export const STATE_WAITING_COUNT = CONTROL + 808;
/** The host had no room for one more: wait until one of them has come back. */
export const STATE_HOST_FULL = CONTROL + 812;
/** The last one that the host had no room for in this turn: the next such goes behind it. */
export const STATE_REFUSED_LAST = CONTROL + 864;
/** The record of the process that the last call spawned, or NONE. */
export const STATE_SPAWNED = CONTROL + 860;
/** i32 completions announced and not collected; below 0 when some came before their news. */
export const STATE_EXPECTED = CONTROL + 820;

/** [h] Events where the kernel wrote them: its array (0: in the vector), the size less 1, and … */
export const EVENT_RING = CONTROL + 960;
export const EVENT_RING_MASK = CONTROL + 964;
/** … the place of the first, which counts on and on. */
export const EVENT_FIRST = CONTROL + 968;
/** [h] Why (-errno) the rings do not lie in the room that is there for them; 0: they do. */
export const RINGS_REFUSED = CONTROL + 972;

// Counters: u64 each. The core's are part of the determinism; the host's say what the kernel was
// asked.
export const COUNTER_EVENTS = CONTROL + 1024;
export const COUNTER_EVENTS_STALE = CONTROL + 1032;
export const COUNTER_COMPLETIONS_STALE = CONTROL + 1040;
export const COUNTER_UPDATES = CONTROL + 1048;
export const COUNTER_DELIVERIES = CONTROL + 1056;
export const COUNTER_ACCEPTED = CONTROL + 1064;
export const COUNTER_CONNECTED = CONTROL + 1072;
export const COUNTER_CLOSED = CONTROL + 1080;
export const COUNTER_READS = CONTROL + 1088;
export const COUNTER_READS_EMPTY = CONTROL + 1096;
export const COUNTER_WRITES = CONTROL + 1104;
export const COUNTER_WRITES_SHORT = CONTROL + 1112;
export const COUNTER_WRITES_BLOCKED = CONTROL + 1120;
export const COUNTER_BYTES_IN = CONTROL + 1128;
export const COUNTER_BYTES_OUT = CONTROL + 1136;
export const COUNTER_BYTES_MOVED = CONTROL + 1144;
export const COUNTER_BYTES_DROPPED = CONTROL + 1152;
export const COUNTER_READS_WAITING = CONTROL + 1160;
export const COUNTER_ACCEPTS_PARKED = CONTROL + 1168;
export const COUNTER_TIMERS_FIRED = CONTROL + 1176;
export const COUNTER_CALLS = CONTROL + 1184;
export const COUNTER_OPERATIONS = CONTROL + 1192;
/** Of those: answered by the submission itself, through the kernel's queue, by a thread. */
export const COUNTER_OPERATIONS_AT_ONCE = CONTROL + 1200;
export const COUNTER_OPERATIONS_KERNEL = CONTROL + 1208;
export const COUNTER_OPERATIONS_POOL = CONTROL + 1216;
/** Continued because less came than was asked for. */
export const COUNTER_OPERATIONS_SHORT = CONTROL + 1224;
/** Submissions that the host had no room for, and that were tried again. */
export const COUNTER_OPERATIONS_REFUSED = CONTROL + 1232;
export const COUNTER_ANNOUNCEMENTS = CONTROL + 1240;
export const COUNTER_COLLECTS = CONTROL + 1248;
/** Collects that brought nothing. */
export const COUNTER_COLLECTS_EMPTY = CONTROL + 1256;
/** Records (datagrams, signals, changes, posts, …) that arrived in batches. */
export const COUNTER_RECORDS_IN = CONTROL + 1264;
export const COUNTER_RECORDS_OUT = CONTROL + 1272;
/** Outgoing datagrams that the kernel refused; each with an `error`. */
export const COUNTER_RECORDS_REFUSED = CONTROL + 1280;
/** Bytes sent from files, and how often the next ones were read while others were written. */
export const COUNTER_FILE_BYTES_OUT = CONTROL + 1288;
export const COUNTER_FILE_OVERLAPS = CONTROL + 1296;
/** Times that sendFile waited for the disk. */
export const COUNTER_FILE_COLD = CONTROL + 1304;
export const COUNTER_IDLES_FIRED = CONTROL + 1312;
/** Of those: not idle, but at their deadline. */
export const COUNTER_IDLES_FORCED = CONTROL + 1320;
/** Times that the kernel had lost reports, and everything was looked at. */
export const COUNTER_EVENTS_OVERFLOWED = CONTROL + 1328;
export const COUNTER_LEASES = CONTROL + 1336;
/** For want of a place, or because leases hold as many segments as they may. */
export const COUNTER_LEASES_REFUSED = CONTROL + 1344;
export const COUNTERS_CORE = 41;

export const COUNTER_HOST_WAITS = CONTROL + 1536;
export const COUNTER_HOST_CONTROLS = CONTROL + 1544;
export const COUNTER_HOST_RECEIVES = CONTROL + 1552;
export const COUNTER_HOST_SENDS = CONTROL + 1560;
export const COUNTER_HOST_ACCEPTS = CONTROL + 1568;
export const COUNTER_HOST_OTHERS = CONTROL + 1576;
export const COUNTER_HOST_INTERRUPTED = CONTROL + 1584;
/** Entries of a ring: what one system call hands over together with others. */
export const COUNTER_HOST_ENTRIES = CONTROL + 1592;
/** Times that the kernel kept completions back because their ring was full. */
export const COUNTER_HOST_OVERFLOWS = CONTROL + 1600;
/** Registrations made, changed and removed, however many of them one call of CONTROLS took. */
export const COUNTER_HOST_CHANGES = CONTROL + 1608;
/** [c] u64: NOW of the first turn, and behind it the meters (meter-layout.ts). */
export const METERS_SINCE = CONTROL + 2048;

// ── Record: one a source, 128 bytes ──────────────────────────────────────────────────────────────
//
//        0         4       5       6        8          12
//      ┌─────────┬───────┬───────┬────────┬──────────┬──────────┐
//      │ generat.│ kind  │ state │ wants  │ handlers │ appetite │
//   16 ├─────────┴┬──────┴─┬─────┴────────┴─┬────────┴┬─────────┤
//      │ available│ error  │ eof exactness  │ sequence│ turn u64│   rx, 24 bytes
//   40 ├──────────┼────────┼────────┬───────┴─┬───────┴┬────────┤
//      │ space    │ queued │ error  │ended ex.│sequence│turn u64│   tx, 32 bytes
//   72 ├──────────┴────────┴────────┴─────────┴────────┴────────┤
//      │ the core's own words: work, links, byte counts         │
//  128 └────────────────────────────────────────────────────────┘
export const RECORD_SIZE = 128;
export const RECORD_SHIFT = 7;
export const RECORD_GENERATION = 0;
export const RECORD_KIND = 4;
export const RECORD_STATE = 5;
export const RECORD_WANTS = 6;
export const RECORD_HANDLERS = 8;
/** u32 bytes the program wants now; APPETITE_UNLIMITED for all there is. */
export const RECORD_APPETITE = 12;
export const RX_AVAILABLE = 16;
export const RX_ERROR = 20;
export const RX_EOF = 24;
export const RX_EXACTNESS = 25;
export const RX_SEQUENCE = 28;
export const RX_TURN = 32;
export const TX_SPACE = 40;
export const TX_QUEUED = 44;
export const TX_ERROR = 48;
export const TX_ENDED = 52;
export const TX_EXACTNESS = 53;
export const TX_SEQUENCE = 56;
/** u32 files that stand in the queue; of a fence the record of the next one, plus 1 */
export const RECORD_FILES = 60;
export const TX_TURN = 64;
export const RECORD_WORK = 72;
export const RECORD_NEXT = 76;
export const RECORD_PIECE_FIRST = 80;
export const RECORD_PIECE_LAST = 84;
/** u32 bytes the last read brought: the next one asks for room beyond it. */
export const RECORD_READ_HINT = 88;
/** u32 place in the dirty list plus 1; 0 while untouched. */
export const RECORD_DIRTY = 92;
export const RECORD_BYTES_IN = 96;
export const RECORD_BYTES_TAKEN = 104;
export const RECORD_BYTES_SENT = 112;
/** u32 bytes of the outstanding send; on a listener, accepts outstanding. */
export const RECORD_IN_FLIGHT = 120;
/** u32 record of the listener plus 1; 0 if it was dialled; its own plus 1 if that is gone. */
export const RECORD_LISTENER = 124;
/** Of a listener: u32 most connections that may be open at once (0: any), u32 those that are. */
export const LISTENER_ADMIT = 104;
export const LISTENER_ADMITTED = 108;

export const APPETITE_UNLIMITED = -1;
/** No record, piece, block or timer. */
export const NONE = -1;
/** The index in a host's own wake-up events: they end the wait and mean nothing else. */
export const RECORD_WAKE = -2;
/** The index in the event that announces completions of operations. */
export const RECORD_COMPLETIONS = -3;
/** What available and space say when nobody knows. */
export const UNKNOWN = -1;

export const EXACTNESS_UNKNOWN = 0;
export const EXACTNESS_LOWER_BOUND = 1;
export const EXACTNESS_EXACT = 2;

export const KIND_FREE = 0;
export const KIND_LISTENER = 1;
export const KIND_CONNECTION = 2;
// Sources whose input is records, not a stream: each RECEIVE brings a batch of them ("Batches").
export const KIND_DATAGRAM = 3;
export const KIND_SIGNAL = 4;
export const KIND_PROCESS = 5;
/** Changes of a file or folder. */
export const KIND_PATH = 6;
/** Links and addresses of this machine. */
export const KIND_NETWORK = 7;
/** Posts from other threads. */
export const KIND_INBOX = 8;
/** Neither: everything about it is an operation. */
export const KIND_FILE = 9;

/** Not in use. */
export const STATE_FREE = 0;
/** Listen or connect asked for, not answered. */
export const STATE_OPENING = 1;
/** A connect (on some hosts, a listen) goes on in the background. */
export const STATE_CONNECTING = 2;
export const STATE_OPEN = 3;
/** A fatal error is known; the program hears of it after the data. Writes are taken and dropped. */
export const STATE_FAILED = 4;
/** close() was called: what is queued goes out, nothing comes in. */
export const STATE_CLOSING = 5;
/** The descriptor's close is submitted. */
export const STATE_CLOSED = 6;
/** `close` was delivered; the record is freed at the end of this turn. */
export const STATE_DEAD = 7;

/** The handlers have a `change`, or an `end`. */
export const WANTS_CHANGE = 1;
export const WANTS_END = 2;
/** The handlers have a `listenerChange`. */
export const WANTS_LISTENER_CHANGE = 4;
/** Closing it is to look to the peer like a failure, not like the end (SO_LINGER of no time). */
export const WANTS_RESET = 8;
/** Of a source with batches: it is read last, and told first (fences.ts). */
export const WANTS_FENCE = 16;

// Work bits: what the core knows of a source beyond what the program sees.
export const WORK_LISTED = 1;
export const WORK_READING = 2;
export const WORK_SENDING = 4;
export const WORK_CONTROLLING = 8;
/** The kernel may hold bytes (or connections) that were not read. */
export const WORK_READY = 16;
/** A send met a full buffer; the next writable edge clears it. */
export const WORK_BLOCKED = 32;
/** The peer hung up or the socket failed: read on until 0 or an error. */
export const WORK_HANGUP = 64;
/** Urgent data was seen: a short read does not mean drained any more. */
export const WORK_URGENT_SEEN = 128;
export const WORK_WANT_SHUTDOWN = 256;
export const WORK_SHUT_DOWN = 512;
export const WORK_WANT_CLOSE = 1024;
/** destroy() was called: what is queued is dropped as soon as no send is under way. */
export const WORK_ABANDONED = 2048;
/** write() said false: `drain` is owed. */
export const WORK_DRAIN_OWED = 4096;
export const WORK_END_DELIVERED = 8192;
export const WORK_WANT_SAMPLE = 16384;
export const WORK_WANT_CONNECT_STATUS = 32768;
export const WORK_ERROR_DELIVERED = 65536;
export const WORK_PARKED = 131072;
/** The kernel's figures were taken, and nothing happened since that could have changed them. */
export const WORK_COUNTED = 262144;
/** Listen or connect is still to be submitted; until then the peer record has what was asked. */
export const WORK_WANT_OPEN = 524288;
export const WORK_WANT_NO_DELAY = 1048576;
export const WORK_NO_DELAY = 2097152;
export const WORK_WANT_KEEP_ALIVE = 4194304;
export const WORK_KEEP_ALIVE = 8388608;
/** Draining: our end is sent, what still comes is dropped, the peer's end closes. */
export const WORK_LINGERING = 16777216;
// How `change` is repeated; without any of these once for each change (edge).
export const WORK_LEVEL = 33554432;
export const WORK_ONE_SHOT = 67108864;
export const WORK_DISPATCH = 134217728;
/** A one-shot or dispatch source that has told, and was not enabled again. */
export const WORK_DISABLED = 268435456;
/** Small segments leave at once unless more is queued behind them. */
export const WORK_AUTO_DELAY = 536870912;
/** A trigger was set or enabled: if there is something to read, `change` says so at once. */
export const WORK_TELL = 1073741824;

// ── Submission: 32 bytes, the result written in place ────────────────────────────────────────────
//
//      0          1      4       8            12        16       20         24       28
//      ┌──────────┬──────┬───────┬────────────┬─────────┬────────┬──────────┬────────┬───────┐
//      │operation │flags │ record│ generation │ address │ length │ argument │ result │ extra │
//      └──────────┴──────┴───────┴────────────┴─────────┴────────┴──────────┴────────┴───────┘
//
// result: 0 or more on success, else a negative error number. On every host the error numbers are
// Linux's.
export const SUBMISSION_SIZE = 32;
export const SUBMISSION_OPERATION = 0;
export const SUBMISSION_FLAGS = 1;
/** u8: of OPEN the record's KIND_, of OPERATE the TASK_. */
export const SUBMISSION_DETAIL = 2;
export const SUBMISSION_RECORD = 4;
export const SUBMISSION_GENERATION = 8;
export const SUBMISSION_ADDRESS = 12;
export const SUBMISSION_LENGTH = 16;
export const SUBMISSION_ARGUMENT = 20;
export const SUBMISSION_RESULT = 24;
export const SUBMISSION_EXTRA = 28;

/** Skip this entry (result -ECANCELED) when the entry before it failed. */
export const SUBMISSION_LINKED = 1;
/**
 * Of RECEIVE and ACCEPT: whatever comes is wanted, and the host may take it ahead of being asked.
 * (Of what an ACCEPT brings everything is, at first.)
 */
export const SUBMISSION_AHEAD = 2;

/**
 * address, length: name (text); argument: port, options << 16; extra: backlog. Answers with the
 * local peer record at extra, or as CONNECT.
 */
export const OPERATION_LISTEN = 1;
/** As LISTEN. -EINPROGRESS: an event follows when it is done, then CONNECT_STATUS. */
export const OPERATION_CONNECT = 2;
/** What became of it (SO_ERROR, read once, after the event). Answers as LISTEN. */
export const OPERATION_CONNECT_STATUS = 3;
/** address: child record; length: its generation. Answers with the remote peer record at extra. */
export const OPERATION_ACCEPT = 4;
/**
 * length: most bytes; argument: least room, else the next segment. Answers with bytes read, at
 * extra.
 */
export const OPERATION_RECEIVE = 5;
/**
 * address: first piece; length: bytes; argument: pieces. Answers with bytes sent. Of datagrams
 * whole ones; extra is then not 0 when the next one can be tried at once, and with an error of the
 * first one how many bytes to drop.
 */
export const OPERATION_SEND = 6;
/** At extra, of datagrams that stopped short: the next can be tried at once; no event will come. */
export const SEND_NEXT = 1;
export const SEND_LATER = 2;
export const OPERATION_SHUTDOWN = 7;
/** argument CLOSE_LISTENER: the file of a local one is removed; CLOSE_RESET: WANTS_RESET. */
export const OPERATION_CLOSE = 8;
export const CLOSE_LISTENER = 1;
export const CLOSE_RESET = 2;
/**
 * argument 1: a listener. Answers with bytes available (or connections waiting), extra: send space
 * (or UNKNOWN).
 */
export const OPERATION_SAMPLE = 9;
/** argument: SOCKET_OPTION; length: value. */
export const OPERATION_OPTION = 10;
/**
 * Any other source. detail: KIND_; address, length: bytes; argument, extra: what the kind makes of
 * them. Answers as CONNECT, with the source's name record at extra; the result may be OPENED_ bits.
 */
export const OPERATION_OPEN = 11;
/**
 * detail: TASK_; argument: place in the operation table; address, length: bytes to write, or how
 * many to read. Answers with the result (bytes read, at extra), -EINPROGRESS (a completion follows)
 * or -EAGAIN (no room: ask again when another has come back); the flags say how (VIA_).
 */
export const OPERATION_OPERATE = 12;
/**
 * address: first piece, length: bytes of pieces before the file's, argument: pieces, extra: place
 * in the operation table of the TASK_SEND_FILE, whose TASK_LENGTH says how many bytes of the file
 * are asked for; detail: how (VIA_SEND_FILE, VIA_MAP). Answers with the bytes sent of both
 * together, at extra SENT_ bits; or -EINPROGRESS: the range is being read, nothing was sent, and a
 * completion follows when it is in memory; -EBUSY: nobody is free to read it, ask again when
 * another operation has come back; -ENODATA: the file ends before the range does.
 */
export const OPERATION_SEND_FILE = 13;
/** What SHUTDOWN answers when there is no other direction: the write end of a pipe. */
export const SHUT_DOWN_ALL = 1;
/** Answers how many completions were announced since it was last asked (eventfd(2)). */
export const OPERATION_ANNOUNCED = 14;
/** length: most completions. Answers with bytes of completion records, at extra. */
export const OPERATION_COLLECT = 15;
/** argument: 0, 1, 2: which stream of the process that was spawned just before. As OPEN. */
export const OPERATION_TAKE = 16;

// What standard input (lowest), output and error of a spawned process are: argument of its OPEN.
// Its bytes are texts, each ended by a NUL: how many arguments, how many variables ("-": ours), the
// file, the folder (empty: ours), then arguments and variables. An OPEN without bytes watches the
// process that its argument names.
export const STREAM_IGNORE = 0;
export const STREAM_INHERIT = 1;
export const STREAM_PIPE = 2;
export const STREAM_SHIFT = 2;
export const STREAM_MASK = 3;

/** The connection took what it had room for; an event tells when there is more. */
export const SENT_BLOCKED = 1;
/** What comes after it is being read meanwhile. */
export const SENT_AHEAD = 2;

/** A short read does not mean drained (ttys, pipes of others). */
export const OPENED_DOUBTFUL = 1;
/** A regular file behind a stream: nothing reports readiness, reads are operations. */
export const OPENED_FILE = 2;

// Options of LISTEN and CONNECT (bits), and names for OPTION.
export const SOCKET_REUSE_PORT = 1;
export const SOCKET_NO_DELAY = 2;
export const SOCKET_KEEP_ALIVE = 4;
export const SOCKET_IPV6_ONLY = 8;
export const SOCKET_LOCAL = 16;
export const SOCKET_BROADCAST = 32;
export const SOCKET_REUSE_ADDRESS = 64;
/** Of LISTEN and CONNECT the bit, of OPTION the value: WORK_AUTO_DELAY. */
export const SOCKET_AUTO_DELAY = 128;
/** Of OPTION, for a listener: LISTENER_ADMIT. The host does not see it. */
export const SOCKET_ADMIT = 256;
/** Of OPTION: WANTS_RESET. The host hears of it when it closes. */
export const SOCKET_RESET = 512;
/** Of LISTEN: extra is a descriptor that listens already; SHARED: others have it, too. */
export const SOCKET_GIVEN = 1024;
export const SOCKET_SHARED = 2048;

// ── Peer record: 32 bytes ────────────────────────────────────────────────────────────────────────
export const PEER_SIZE = 32;
export const PEER_SHIFT = 5;
/** u16 */
export const PEER_FAMILY = 0;
/** u16, host byte order */
export const PEER_PORT = 2;
/** u32 IPv6 scope */
export const PEER_SCOPE = 4;
/** 16 bytes; IPv4 uses the first 4 */
export const PEER_BYTES = 8;
// While WORK_WANT_OPEN is set: name address, name length, SUBMISSION_ARGUMENT, backlog (i32 each).
export const ASKED_ADDRESS = 0;
export const ASKED_LENGTH = 4;
export const ASKED_ARGUMENT = 8;
export const ASKED_BACKLOG = 12;
/** i32 the write segment that holds the name; stays until the listen or connect is answered. */
export const ASKED_SEGMENT = 16;
export const FAMILY_LOCAL = 1;
export const FAMILY_IPV4 = 4;
export const FAMILY_IPV6 = 6;
/** i32 the operation that opens it. */
export const ASKED_OPERATION = 20;
/** i32 the record of the next stream of a process that is being spawned, plus 1; 0 for none. */
export const ASKED_STREAM = 24;
// Name records of other sources.
/** PEER_SCOPE: process id. */
export const FAMILY_PROCESS = 16;
/** PEER_PORT: DESCRIPTOR_; of what was adopted, and of streams of a process. */
export const FAMILY_DESCRIPTOR = 17;
export const DESCRIPTOR_UNKNOWN = 0;
export const DESCRIPTOR_PIPE = 1;
export const DESCRIPTOR_TERMINAL = 2;
export const DESCRIPTOR_SOCKET = 3;
/** PEER_BYTES: u64 device, u64 inode; PEER_SCOPE: u32 FILE_TYPE bits (st_mode). */
export const FAMILY_FILE = 18;
/** Nothing to say. */
export const FAMILY_NONE = 19;

// ── Event vectors ────────────────────────────────────────────────────────────────────────────────
/** struct epoll_event: 12 bytes packed on x86-64, else 16; data = record | generation << 32. */
export const FORMAT_EPOLL = 1;
/**
 * { u32 record, u32 generation, u32 READY bits, i32 available or UNKNOWN }: hosts without kernel
 * records.
 */
export const FORMAT_PORTABLE = 2;
export const PORTABLE_SIZE = 16;
/** { u32 record, u32 generation, struct pollfd as poll(2) answered it }. */
export const FORMAT_POLL = 3;
export const POLL_SIZE = 16;
/** { u32 record, u32 generation, i32 descriptor, u32 SELECT_ bits }: one that select(2) left in. */
export const FORMAT_SELECT = 4;
export const SELECT_SIZE = 16;
export const SELECT_READ = 1;
export const SELECT_WRITE = 2;
export const SELECT_EXCEPT = 4;
/** In no set: select said EBADF, and this descriptor is not open. */
export const SELECT_CLOSED = 8;
/**
 * struct kevent (kqueue(2)) of macOS and OpenBSD (32 bytes) and FreeBSD (64, the rest unused): u64
 * ident, i16 filter, u16 flags, u32 fflags, i64 data, u64 udata = record | generation << 32. Error
 * numbers in it are those of 4.4BSD.
 */
export const FORMAT_KQUEUE = 5;
/** NetBSD's, 40 bytes: filter and flags have 32 bits, and READ is 0. */
export const FORMAT_KQUEUE_WIDE = 6;
/** As FORMAT_KQUEUE, written by a library over Linux: Linux's error numbers, less to believe. */
export const FORMAT_KQUEUE_LIBRARY = 7;
/**
 * struct io_uring_cqe (io_uring(7)): u64 data, i32 result, u32 flags. The data is the record in 24
 * bits, with their sign, one of RING_ in 8, and the generation in 32.
 */
export const FORMAT_RING = 8;
export const RING_SIZE = 16;
export const RING_RECORD_BITS = 24;
/** The result is what poll(2) says of the descriptor. */
export const RING_READINESS = 0;
/** The same, but asked once, by a host that waits for room to send. */
export const RING_ROOM = 1;
/** The result is that of a receive made ahead; its bytes wait in the host for RECEIVE. */
export const RING_RECEIVE = 2;
/** The result is a connection that was accepted ahead, and waits in the host for ACCEPT. */
export const RING_ACCEPT = 3;
/** An operation is done, and waits in the host for COLLECT; nothing else announces it. */
export const RING_OPERATION = 4;
/** The host's own: a deadline has passed, or something was taken back. */
export const RING_WAKE = 5;
/** The host's own: the result of a submission. */
export const RING_ANSWER = 6;
/**
 * { u32 record, u32 generation, struct signalfd_siginfo (signalfd(2)) }: signal-driven I/O. A
 * signal below SIGNALS_REALTIME is SIGIO: the queue of signals was full, and some were lost.
 */
export const FORMAT_SIGNAL = 9;
export const SIGNAL_EVENT_SIZE = 136;
export const SIGNALS_REALTIME = 32;
export const READY_IN = 1;
export const READY_OUT = 2;
export const READY_END = 4;
export const READY_ERROR = 8;
export const READY_URGENT = 16;
export const EVENT_SIZE_MAX = 136;

// ── Delivery: 32 bytes ───────────────────────────────────────────────────────────────────────────
export const DELIVERY_SIZE = 32;
export const DELIVERY_KIND = 0;
export const DELIVERY_RECORD = 4;
export const DELIVERY_GENERATION = 8;
export const DELIVERY_ADDRESS = 12;
export const DELIVERY_LENGTH = 16;
/** i32: error number (LENGTH 1: the source lives on), expirations, records of a batch. */
export const DELIVERY_VALUE = 20;
export const DELIVERY_HANDLERS = 24;
export const DELIVERY_LISTENER = 28;

export const DELIVER_LISTENING = 1;
export const DELIVER_OPEN = 2;
export const DELIVER_DATA = 3;
export const DELIVER_CHANGE = 4;
export const DELIVER_DRAIN = 5;
export const DELIVER_END = 6;
export const DELIVER_ERROR = 7;
export const DELIVER_CLOSE = 8;
export const DELIVER_TIMER = 9;
/**
 * An operation is done: VALUE its error number or 0, LENGTH bytes (at ADDRESS, unless 0), HANDLERS
 * its place, LISTENER its generation, VIA how it was served.
 */
export const DELIVER_DONE = 10;
/** A part of what an operation reads; more follows. */
export const DELIVER_PART = 11;
/** An idle watcher: as a timer; VALUE is 1 when it was forced at its deadline. */
export const DELIVER_IDLE = 12;
/** The highest of them. */
export const LAST_DELIVERY_KIND = 12;
/** u8, of DONE and PART */
export const DELIVERY_VIA = 1;
/** Answered by the submission itself: the bytes were in the page cache, or nothing blocks. */
export const VIA_AT_ONCE = 1;
/** The kernel's own queue: aio, io_uring. */
export const VIA_KERNEL = 2;
export const VIA_POOL = 3;
/** How a file went to a connection: sendfile(2), a mapping, or read and written. */
export const VIA_SEND_FILE = 4;
export const VIA_MAP = 5;
export const VIA_READ = 6;

// ── Operations: 64 bytes; what is asked of a source and answered later ───────────────────────────
export const TASK_SIZE = 64;
export const TASK_SHIFT = 6;
export const TASK_GENERATION = 0;
export const TASK_KIND = 4;
export const TASK_STATE = 5;
export const TASK_VIA = 6;
export const TASK_RECORD = 8;
export const TASK_RECORD_GENERATION = 12;
/** u64 place in the file */
export const TASK_OFFSET = 16;
/** u32 bytes asked for, and done so far */
export const TASK_LENGTH = 24;
export const TASK_DONE = 28;
/** u32 bytes to write, in a segment of the write arena that is held until the host has them */
export const TASK_ADDRESS = 32;
export const TASK_SEGMENT = 36;
export const TASK_NEXT = 40;
/** Of TASK_SEND_FILE: the connection. */
export const TASK_TARGET = 44;
export const TASK_TARGET_GENERATION = 48;
/** i32 free for the kind */
export const TASK_VALUE = 52;
/** u64 bytes still to send */
export const TASK_REMAINING = 56;

export const TASK_STATE_FREE = 0;
export const TASK_STATE_WAITING = 1;
export const TASK_STATE_FLYING = 2;
/** Of TASK_SEND_FILE: stands in the connection's queue. */
export const TASK_STATE_QUEUED = 3;

export const TASK_READ = 1;
export const TASK_WRITE = 2;
export const TASK_SYNC = 3;
export const TASK_SYNC_DATA = 4;
/** Brings STAT_SIZE bytes. */
export const TASK_STAT = 5;
/** TASK_OFFSET: new length. */
export const TASK_TRUNCATE = 6;
/** Brings directory entries; none at the end. */
export const TASK_LIST = 7;
/**
 * A range of a file to a connection. OFFSET and REMAINING: what was not sent (read) yet; LENGTH:
 * how much of it is under way; VIA: how; VALUE: the error it ends with, once TARGET is NONE.
 */
export const TASK_SEND_FILE = 8;
/** Something else about a source: VALUE says what (CONTROL_), bytes with it. */
export const TASK_CONTROL = 9;

/** bytes: peer record of the group (its scope: the interface's number), that of an interface. */
export const CONTROL_JOIN = 1;
export const CONTROL_LEAVE = 2;
/** TASK_OFFSET: value */
export const CONTROL_BROADCAST = 3;
export const CONTROL_MULTICAST_LOOP = 4;
export const CONTROL_MULTICAST_HOPS = 5;
export const CONTROL_HOPS = 6;
/** TASK_OFFSET: signal number */
export const CONTROL_KILL = 7;
/** bytes: as of JOIN; what is sent to groups leaves by this interface. */
export const CONTROL_MULTICAST_INTERFACE = 8;
/** Of PATH_SET. bytes: u32 record, u32 generation of what is open; brings u32 number. */
export const CONTROL_WATCH = 9;
export const CONTROL_UNWATCH = 10;

// TASK_STAT's answer: u64 fields. Times are in nanoseconds since 1970.
export const STAT_DEVICE = 0;
export const STAT_INODE = 8;
export const STAT_MODE = 16;
export const STAT_LINKS = 24;
export const STAT_USER = 32;
export const STAT_GROUP = 40;
export const STAT_LENGTH = 48;
export const STAT_BLOCK_SIZE = 56;
export const STAT_BLOCKS = 64;
export const STAT_ACCESSED = 72;
export const STAT_MODIFIED = 80;
export const STAT_CHANGED = 88;
export const STAT_BORN = 96;
export const STAT_SIZE = 104;

// What KIND_FILE's OPEN asks for, in its argument: open(2)'s flags with the numbers that Linux has
// on x86-64; its other word is the mode.
export const FILE_WRITE = 1;
export const FILE_READ_WRITE = 2;
export const FILE_CREATE = 64;
export const FILE_EXCLUSIVE = 128;
export const FILE_TRUNCATE = 512;
export const FILE_APPEND = 1024;
export const FILE_SYNC_DATA = 4096;
/** Past the page cache, where the file system can. */
export const FILE_DIRECT = 16384;
export const FILE_DIRECTORY = 65536;
export const FILE_NO_FOLLOW = 131072;
export const FILE_SYNC = 1052672;
/**
 * A regular file or a folder beneath an open directory, to be read: the name is "record.generation"
 * of that directory, "/", and the path from there, which leads nowhere else (RESOLVE_BENEATH,
 * openat2(2)). -EXDEV: it does; -ENXIO: it is something else, and was not opened.
 */
export const FILE_BENEATH = 16777216;
// PEER_PORT of a FAMILY_FILE record: FILE_DIRECT took effect; of FILE_BENEATH: a symbolic link led
// to it; whoever changes it does so through this kernel.
export const FILE_IS_DIRECT = 1;
export const FILE_IS_LINKED = 2;
export const FILE_IS_LOCAL = 4;
/** Argument of KIND_PATH's OPEN, without a name: changes of what CONTROL adds, by number. */
export const PATH_SET = 1;

// TASK_LIST's answer, end to end: u64 inode, u8 type (DT_, readdir(3)), u8 0, u16 length of the
// name, u32 0, the name padded to 8.
export const ENTRY_HEAD = 16;
export const ENTRY_INODE = 0;
export const ENTRY_TYPE = 8;
export const ENTRY_LENGTH = 10;

// ── Completion: 32 bytes, as struct io_event (io_getevents(2)), then the bytes it brought ────────
//
// Records and bytes of one COLLECT lie end to end in the read arena, each padded to 8.
export const COMPLETION_SIZE = 32;
/** i32 place in the operation table, or COMPLETION_OF_RECORD | record: that record is ready. */
export const COMPLETION_OPERATION = 0;
export const COMPLETION_GENERATION = 4;
/** u32 where the bytes lie; 0 for none (of io_event a pointer, which would mean nothing later). */
export const COMPLETION_ADDRESS = 8;
export const COMPLETION_VIA = 12;
/** i64 */
export const COMPLETION_RESULT = 16;
export const COMPLETION_OF_RECORD = 1073741824;

// ── Batches: what a RECEIVE of a source with records brings, end to end ──────────────────────────
//
//   DATAGRAM   peer record, u32 length, u32 flags, bytes padded to 8. A local peer's name stands in
//              front of the message, as many of the bytes as its PEER_PORT says
//   SIGNAL     u32 signal, u32 count, u32 sender's process, u32 0
//   PROCESS    u32 process, u32 how (CLD_EXITED 1, CLD_KILLED 2, CLD_DUMPED 3, unknown 0), i32
//              status, u32 0
//   PATH       struct inotify_event (inotify(7)): i32 watch, u32 mask, u32 cookie, u32 length, name
//   NETWORK    struct nlmsghdr (netlink(7)) and its message, padded to 4
//   INBOX      u32 length, u32 0, bytes padded to 8
export const DATAGRAM_HEAD = 40;
export const DATAGRAM_LENGTH = 32;
export const DATAGRAM_FLAGS = 36;
/** The datagram was longer than the room for it. */
export const DATAGRAM_TRUNCATED = 1;
export const DATAGRAM_MAX = 65535;
export const SIGNAL_RECORD = 16;
export const PROCESS_RECORD = 16;
export const PATH_HEAD = 16;
export const PATH_LENGTH = 12;
export const NETWORK_HEAD = 16;
export const POST_HEAD = 8;
/** Least room that a RECEIVE of records has. A host that leaves so much unused has nothing left. */
export const BATCH_ROOM = 32768;
/** Also the most that one reserve() gives. */
export const DATAGRAM_ROOM = 65600;

// ── Update: 24 bytes; one a side a turn at the most ──────────────────────────────────────────────
export const UPDATE_SIZE = 24;
export const UPDATE_RECORD = 0;
/** u8 0 rx, 1 tx; u8 eof or ended; u8 exactness; u8 0 */
export const UPDATE_SIDE = 4;
export const UPDATE_EOF = 5;
export const UPDATE_EXACTNESS = 6;
/** i32 available or space */
export const UPDATE_VALUE = 8;
/** i32 queued (tx) */
export const UPDATE_QUEUED = 12;
export const UPDATE_ERROR = 16;
export const UPDATE_SEQUENCE = 20;

// ── Call: 32 bytes, then its bytes (padded to 8) or its digests (u64 for each 4 KiB) ─────────────
//
//   call         record   generation argument             value    address
//   LISTEN       handlers wants      port | options << 16 backlog  (out) generation; bytes: name
//   CONNECT      handlers wants      port | options << 16 0        (out) generation; bytes: name
//   WRITE        record   generation bytes still to come  0        of borrowed bytes, else 0
//   READ         record   generation appetite
//   TIMER_START  repeat   delay low  delay high           0        (out) generation
//   TIMER_CANCEL timer    generation
//   OPTION       record   generation SOCKET_ name         value
//   STOP         NONE     0          drain                deadline in ms, -1 for none
//   RANDOM       NONE     0
//   OPEN         handlers wants |    of the kind          same     (out) generation; bytes: same
//                         kind << 16
//   SEND_TO      record   generation 0                    0        0; bytes: as in batches
//   OPERATE      record   generation offset low           high     (out) generation; bytes or
//                the detail is the TASK_; of CONTROL the           length
//                offset's high half is the CONTROL_
//   SEND_FILE    record   generation file                 its gen. (out) generation; bytes: u64
//                the detail is the VIA_ asked for, or 0            offset, u64 length
//   TRIGGER      record   generation WORK_ bit, 0 edge    0
//   ENABLE       record   generation
//   IDLE_START   repeat   delay low  delay high           0        (out) generation
//   SPAWN        handlers wants |    STREAM_ of each      handlers (out) generation; bytes: command
//                         theirs                          of streams
//                         << 16
//   TAKEN_STREAM which    0                               0        (out) generation
//   others       record   generation
export const CALL_SIZE = 32;
export const CALL_OPERATION = 0;
export const CALL_MODE = 1;
export const CALL_OUTSIDE = 2;
export const CALL_DETAIL = 3;
export const CALL_RECORD = 4;
export const CALL_GENERATION = 8;
export const CALL_ARGUMENT = 12;
export const CALL_VALUE = 16;
export const CALL_LENGTH = 20;
export const CALL_RESULT = 24;
export const CALL_ADDRESS = 28;

export const MODE_NONE = 0;
export const MODE_BYTES = 1;
export const MODE_DIGEST = 2;
/** Borrowed bytes up to this size are recorded themselves: cheaper than a doubt. */
export const MODE_BYTES_MAX = 256;
export const DIGEST_CHUNK = 4096;

export const CALL_LISTEN = 1;
export const CALL_CONNECT = 2;
export const CALL_WRITE = 3;
export const CALL_READ = 4;
export const CALL_END = 5;
export const CALL_CLOSE = 6;
export const CALL_DESTROY = 7;
export const CALL_SAMPLE = 8;
export const CALL_OPTION = 9;
export const CALL_TIMER_START = 10;
export const CALL_TIMER_CANCEL = 11;
export const CALL_RANDOM = 12;
export const CALL_THROWN = 13;
export const CALL_STOP = 14;
export const CALL_OPEN = 15;
export const CALL_SEND_TO = 16;
export const CALL_OPERATE = 17;
export const CALL_SEND_FILE = 18;
export const CALL_TRIGGER = 19;
export const CALL_ENABLE = 20;
export const CALL_IDLE_START = 21;
export const CALL_SPAWN = 22;
/** The record of one of the streams of the process that was spawned last. */
export const CALL_TAKEN_STREAM = 23;
/** argument: bytes; address: where they lie; answers the lease */
export const CALL_LEASE = 24;
/** record: the lease */
export const CALL_UNLEASE = 25;

// Results of calls (0 or more is success).
export const CALL_TAKEN = 0;
/** write(): taken, but wait for `drain`. */
export const CALL_WAIT = 1;
export const CALL_STALE = -1;
export const CALL_CLOSED = -2;
export const CALL_QUEUE_FULL = -3;
export const CALL_TOTAL_FULL = -4;
export const CALL_NO_RECORD = -5;
export const CALL_NO_TIMER = -6;
export const CALL_STALE_BYTES = -7;
export const CALL_DRAINING = -8;
export const CALL_NO_OPERATION = -9;
/** These bytes make no sense for this call. */
export const CALL_BAD_BYTES = -10;
/** The source is of another kind. */
export const CALL_WRONG_KIND = -11;
/** sendFile: the file is not open. */
export const CALL_NO_FILE = -12;
/** All leases are in use, or hold as many segments as they may. */
export const CALL_NO_LEASE = -13;

// ── Timer: 32 bytes; the heap holds their indices ────────────────────────────────────────────────
export const TIMER_SIZE = 32;
export const TIMER_SHIFT = 5;
/** u64 nanoseconds; while arming, the delay. */
export const TIMER_DEADLINE = 0;
/** u64 nanoseconds, 0: once. The highest bits mark an idle watcher (idle.ts). */
export const TIMER_PERIOD = 8;
export const TIMER_SEQUENCE = 16;
export const TIMER_GENERATION = 20;
/** u32 place in the heap plus 1; 0 while not armed. */
export const TIMER_PLACE = 24;
export const TIMER_NEXT = 28;
/** Most timers delivered in one turn; the table has room for so many above TIMERS_MAX. */
export const TIMERS_A_TURN = 1024;

// ── Piece of outgoing bytes: 16 bytes ────────────────────────────────────────────────────────────
export const PIECE_SIZE = 16;
export const PIECE_SHIFT = 4;
export const PIECE_ADDRESS = 0;
export const PIECE_LENGTH = 4;
export const PIECE_NEXT = 8;
/** Segment index, HOME_BLOCK | block index, or HOME_FILE | operation (with no bytes here). */
export const PIECE_HOME = 12;
export const HOME_BLOCK = 0x40000000;
export const HOME_FILE = 0x20000000;
/** Most pieces one system call sends. */
export const PIECES_A_SEND = 64;
/** Most pieces one SEND gathers where small segments are to be avoided. */
export const PIECES_A_LONG_SEND = 1024;

export const BLOCK_SIZE = 4096;
export const BLOCK_SHIFT = 12;
/** The largest copying write the core takes in one call; larger ones come in chunks of it. */
export const WRITE_CHUNK = 32768;

// ── Segment table entry: 16 bytes; read segments first, then write segments ──────────────────────
export const SEGMENT_SIZE = 16;
export const SEGMENT_SHIFT = 4;
export const SEGMENT_REFERENCES = 0;
/** u32 low word of the turn whose deliveries lie between start and end. */
export const SEGMENT_STAMP = 4;
export const SEGMENT_START = 8;
export const SEGMENT_END = 12;

/** With SETTING_POISON, what stands where bytes were that are nobody's any more. */
export const POISON = 0xdb;

// ── Error numbers the core has an opinion on (Linux's values, on every host) ─────────────────────
export const ERROR_NOT_PERMITTED = 1;
export const ERROR_IO = 5;
export const ERROR_BAD_DESCRIPTOR = 9;
export const ERROR_AGAIN = 11;
export const ERROR_NO_MEMORY = 12;
export const ERROR_BUSY = 16;
export const ERROR_NO_DEVICE = 19;
export const ERROR_INVALID = 22;
export const ERROR_FILE_TABLE = 23;
export const ERROR_TOO_MANY_FILES = 24;
export const ERROR_NO_SPACE = 28;
export const ERROR_BROKEN_PIPE = 32;
export const ERROR_NOT_IMPLEMENTED = 38;
/** ECHRNG: select(2) has no room for a descriptor so high. */
export const ERROR_OUT_OF_RANGE = 44;
export const ERROR_NO_DATA = 61;
export const ERROR_NOT_SOCKET = 88;
export const ERROR_NOT_SUPPORTED = 95;
export const ERROR_NO_BUFFERS = 105;
export const ERROR_CONNECTION_RESET = 104;
export const ERROR_IN_PROGRESS = 115;
export const ERROR_CANCELED = 125;
