#include "realtime.h"

#include <cerrno>
#include <cstdlib>
#include <sys/epoll.h>

#include "epoll.h"
#include "interfaces.h"
#include "realtime_signals.h"
#include "system.h"

namespace calandria {

namespace {

/** Notifiers, as EVENT_NOTIFIER numbers them. */
constexpr int OF_SIGNALS = 0;
constexpr int OF_OTHERS = 1;
void say(Shim* shim, int32_t format, int32_t size, int notifier) {
  store_word(&shim->memory, layout::EVENT_FORMAT, format);
  store_word(&shim->memory, layout::EVENT_RECORD_SIZE, size);
  store_word(&shim->memory, layout::EVENT_NOTIFIER, notifier);
}

// ── Asking ──

/** Asked once, before the reactor sleeps again. */
void ask_once(Realtime* realtime, uint32_t record) {
  if (record >= realtime->watches.records_max || realtime->listed[record]) return;
  realtime->listed[record] = true;
  realtime->fresh[realtime->fresh_total++] = record;
}

void find(Realtime* realtime, uint32_t record) {
  realtime->found[realtime->found_total++] = record;
}

/** How many of these answers there are, or -errno; after -EINTR the same is to be asked again. */
int ask(Shim* shim, struct pollfd* entries, uint32_t total) {
  count(&shim->memory, layout::COUNTER_HOST_WAITS);
  shim->realtime->found_total = 0;
  shim->realtime->found_reported = 0;
  return system_poll(entries, total, 0);
}

/** After an overflow everything; what is still queued is in the answers. */
int ask_all(Shim* shim) {
  Realtime* realtime = shim->realtime;
  const Watches* watches = &realtime->watches;
  struct signalfd_siginfo passed[32];
  while (signals_read(realtime, passed, 32) > 0) continue;
  const int answers = ask(shim, watches->entries, watches->total);
  if (answers < 0) return answers;
  realtime->lost = false;
  for (uint32_t place = WATCHES_FIRST; place < watches->total; place++) {
    if (watches->entries[place].revents != 0) find(realtime, watches->owners[place].record);
  }
  return 0;
}

/** Those of which a signal may have come too early to mean anything now. */
int ask_fresh(Shim* shim) {
  Realtime* realtime = shim->realtime;
  Watches* watches = &realtime->watches;
  uint32_t total = 0;
  for (uint32_t listed = 0; listed < realtime->fresh_total; listed++) {
    const uint32_t record = realtime->fresh[listed];
    const uint32_t place = watches_place(watches, record);
    realtime->listed[record] = false;
    if (place == 0) continue;
    realtime->fresh[total] = record;
    realtime->asked[total++] = watches->entries[place];
  }
  realtime->fresh_total = 0;
  const int answers = ask(shim, realtime->asked, total);
  // Interrupted, nobody has answered: they stay fresh.
  for (uint32_t place = 0; answers == -EINTR && place < total; place++) {
    ask_once(realtime, realtime->fresh[place]);
  }
  for (uint32_t place = 0; answers > 0 && place < total; place++) {
    const short revents = realtime->asked[place].revents;
    if (revents == 0) continue;
    watches->entries[watches_place(watches, realtime->fresh[place])].revents = revents;
    find(realtime, realtime->fresh[place]);
  }
  return answers < 0 ? answers : 0;
}

bool some_found(const Realtime* realtime) {
  return realtime->found_reported < realtime->found_total;
}

/** What was found by asking, as much as the vector takes. */
int report_found(Shim* shim) {
  Realtime* realtime = shim->realtime;
  Watches* watches = &realtime->watches;
  uint32_t taken = 0;
  while (some_found(realtime) && taken < shim->vector.now) {
    const uint32_t place = watches_place(watches, realtime->found[realtime->found_reported++]);
    // Closed meanwhile, or told by a signal.
    if (place == 0 || watches->entries[place].revents == 0) continue;
    const Owner* owner = &watches->owners[place];
    uint8_t* event = shim->memory.base + shim->memory.events + taken * layout::POLL_SIZE;
    write_event_name(event, owner->record, owner->generation);
    memcpy(event + EVENT_NAME, &watches->entries[place], sizeof(struct pollfd));
    watches_reported(watches, place);
    taken++;
  }
  say(shim, layout::FORMAT_POLL, layout::POLL_SIZE, OF_SIGNALS);
  vector_adapt(&shim->vector, taken);
  return static_cast<int>(taken);
}

// ── Hearing ──

/** Whose signal it is; a socket that has gone since is nobody's. */
void name_signal(Realtime* realtime, uint8_t* target, const struct signalfd_siginfo* signal) {
  const int fd = signal->ssi_fd;
  const bool reports = signal->ssi_code > 0 && fd >= 0 && fd < realtime->records_size;
  const uint32_t record = reports ? realtime->records[fd] : 0;
  if (record == 0) return write_event_name(target, static_cast<uint32_t>(layout::NONE), 0);
  const uint32_t place = watches_place(&realtime->watches, record - 1);
  realtime->watches.entries[place].revents = static_cast<short>(signal->ssi_band);
  watches_reported(&realtime->watches, place);
  write_event_name(target, record - 1, realtime->watches.owners[place].generation);
}

void hear(Shim* shim, uint8_t* target, const struct signalfd_siginfo* signal) {
  Realtime* realtime = shim->realtime;
  if (signal->ssi_signo == SIGIO) {
    realtime->lost = true;
    write_event_name(target, static_cast<uint32_t>(layout::NONE), 0);
  } else {
    name_signal(realtime, target, signal);
  }
}

/** The records as they are, each behind its name. */
int report_signals(Shim* shim) {
  Realtime* realtime = shim->realtime;
  const Memory* memory = &shim->memory;
  uint8_t* vector = memory->base + memory->events;
  constexpr uint32_t RAW = sizeof(struct signalfd_siginfo);
  const uint32_t most = shim->vector.now;
  // Read behind the room for the names, and moved forward one by one.
  uint8_t* raw = vector + most * EVENT_NAME;
  count(&shim->memory, layout::COUNTER_HOST_WAITS);
  const int total = signals_read(realtime, raw, most);
  for (int place = 0; place < total; place++) {
    struct signalfd_siginfo signal;
    memcpy(&signal, raw + static_cast<uint32_t>(place) * RAW, RAW);
    uint8_t* target = vector + static_cast<uint32_t>(place) * layout::SIGNAL_EVENT_SIZE;
    hear(shim, target, &signal);
    memcpy(target + EVENT_NAME, &signal, RAW);
    if (signal.ssi_signo == SIGIO) signals_overflowed(realtime, &signal);
  }
  say(shim, layout::FORMAT_SIGNAL, layout::SIGNAL_EVENT_SIZE, OF_SIGNALS);
  if (total > 0) vector_adapt(&shim->vector, static_cast<uint32_t>(total));
  return total;
}

/** SIGIO that another reactor of this thread has read. */
int report_overflow(Shim* shim) {
  Realtime* realtime = shim->realtime;
  uint8_t* target = shim->memory.base + shim->memory.events;
  hear(shim, target, &realtime->overflow);
  memcpy(target + EVENT_NAME, &realtime->overflow, sizeof realtime->overflow);
  realtime->overflow.ssi_signo = 0;
  say(shim, layout::FORMAT_SIGNAL, layout::SIGNAL_EVENT_SIZE, OF_SIGNALS);
  return 1;
}

/** A vector of nothing but wake-ups is none. */
int report_others(Shim* shim) {
  const int total = epoll_poll_one(shim, shim->notifier);
  int news = 0;
  for (int place = 0; place < total; place++) {
    struct epoll_event event;
    const uint32_t at = static_cast<uint32_t>(place) * sizeof event;
    memcpy(&event, shim->memory.base + shim->memory.events + at, sizeof event);
    if (event.data.u64 != static_cast<uint32_t>(layout::RECORD_WAKE)) news++;
  }
  if (total >= 0 && news == 0) return 0;
  say(shim, layout::FORMAT_EPOLL, sizeof(struct epoll_event), OF_OTHERS);
  return total;
}

// ── The verbs ──

int realtime_open(Shim* shim) {
  auto* realtime = static_cast<Realtime*>(calloc(1, sizeof(Realtime)));
  if (realtime == nullptr) return -ENOMEM;
  shim->realtime = realtime;
  realtime->shim = shim;
  realtime->signals = -1;
  const size_t records = shim->memory.records_max;
  int result = watches_open(&realtime->watches, shim->memory.records_max);
  if (result < 0) return result;
  realtime->fresh = static_cast<uint32_t*>(malloc(records * sizeof(uint32_t)));
  realtime->listed = static_cast<bool*>(calloc(records, sizeof(bool)));
  realtime->asked = static_cast<struct pollfd*>(malloc(records * sizeof(struct pollfd)));
  realtime->found = static_cast<uint32_t*>(malloc(records * sizeof(uint32_t)));
  if (realtime->fresh == nullptr || realtime->listed == nullptr || realtime->asked == nullptr ||
      realtime->found == nullptr) {
    return -ENOMEM;
  }
  result = epoll_open(shim);
  if (result == 0) result = signals_open(realtime);
  if (result < 0) return result;
  struct epoll_event event;
  event.events = EPOLLIN;
  // It wakes the loop; what there is to hear is in the signals themselves.
  event.data.u64 = static_cast<uint32_t>(layout::RECORD_WAKE);
  return static_cast<int>(system_epoll_add(shim->notifier, realtime->signals, &event));
}

/** 0, or -ENOMEM. */
int make_room(Realtime* realtime, int fd) {
  if (fd < realtime->records_size) return 0;
  const int size = fd < 512 ? 1024 : 2 * fd;
  void* grown = realloc(realtime->records, static_cast<size_t>(size) * sizeof(uint32_t));
  if (grown == nullptr) return -ENOMEM;
  realtime->records = static_cast<uint32_t*>(grown);
  const size_t more = static_cast<size_t>(size - realtime->records_size);
  memset(realtime->records + realtime->records_size, 0, more * sizeof(uint32_t));
  realtime->records_size = size;
  return 0;
}

/**
 * A socket that is in the table is ours alone. What was adopted comes there after it was attached:
 * its owner and its flags are its own, for whoever shares it.
 */
bool signals_by_itself(const Shim* shim, int fd, uint32_t record) {
  int type;
  socklen_t length = sizeof type;
  const bool kept = record < shim->memory.records_max && shim->descriptors[record].fd == fd;
  return kept && system_get_option(fd, SOL_SOCKET, SO_TYPE, &type, &length) == 0;
}

int realtime_attach(Shim* shim, int fd, uint32_t record, uint32_t generation, bool listener) {
  Realtime* realtime = shim->realtime;
  if (fd < realtime->records_size && realtime->records[fd] != 0) return -EEXIST;
  if (!signals_by_itself(shim, fd, record)) {
    return epoll_attach_to(shim, shim->notifier, fd, record, generation, listener);
  }
  int result = make_room(realtime, fd);
  if (result == 0) result = signals_ask(realtime, fd);
  if (result < 0) return result;
  watches_add(&realtime->watches, fd, record, generation, listener);
  realtime->records[fd] = record + 1;
  ask_once(realtime, record);
  return 0;
}

int realtime_poll(Shim* shim) {
  Realtime* realtime = shim->realtime;
  if (realtime->overflow.ssi_signo != 0) return report_overflow(shim);
  if (!some_found(realtime)) {
    const int result = realtime->lost                ? ask_all(shim)
                       : realtime->fresh_total > 0 ? ask_fresh(shim)
                                                   : 0;
    // Interrupted: what is lost or fresh still is, so the loop does not sleep and asks again.
    if (result < 0 && result != -EINTR) return result;
  }
  if (some_found(realtime)) return report_found(shim);
  const bool others_first = realtime->others_first;
  realtime->others_first = false;
  if (others_first) {
    const int others = report_others(shim);
    if (others != 0) return others;
  }
  const int signals = report_signals(shim);
  if (signals < 0) return signals;
  realtime->others_first = signals > 0;
  return signals > 0 || others_first ? signals : report_others(shim);
}

int realtime_arm(Shim* shim, uint64_t deadline) {
  const Realtime* realtime = shim->realtime;
  const bool more = some_found(realtime) || realtime->lost || realtime->fresh_total > 0;
  if (more || realtime->overflow.ssi_signo != 0) return 1;
  return epoll_arm(shim, deadline);
}

void realtime_close(Shim* shim) {
  Realtime* realtime = shim->realtime;
  if (realtime == nullptr) return;
  signals_close(realtime);
  epoll_close(shim);
  watches_close(&realtime->watches);
  free(realtime->records);
  free(realtime->fresh);
  free(realtime->listed);
  free(realtime->asked);
  free(realtime->found);
  free(realtime);
  shim->realtime = nullptr;
}

int realtime_detach(Shim* shim, int fd) {
  // Forgotten by now, so which of the two it was is not known.
  system_signal_silence(fd);
  const int result = epoll_detach_from(shim, shim->notifier, fd);
  return result == -ENOENT ? 0 : result;
}

int realtime_watch_room(Shim* shim, int, uint32_t record, uint32_t, bool on) {
  watches_room(&shim->realtime->watches, record, on);
  // It may have come before anybody signalled it.
  if (on) ask_once(shim->realtime, record);
  return 0;
}

void realtime_answered(Shim* shim, uint32_t entry, int32_t result) {
  Realtime* realtime = shim->realtime;
  if (!watches_answered(&realtime->watches, &shim->memory, entry, result)) return;
  const uint32_t record = watches_subject(&shim->memory, entry);
  const uint32_t place = watches_place(&realtime->watches, record);
  const bool read = shim->memory.base[entry + layout::SUBMISSION_OPERATION] ==
                        layout::OPERATION_RECEIVE &&
                    result > 0;
  // An end behind the last byte was signalled together with it; room may have come before anybody
  // was to be told.
  if (read || (realtime->watches.entries[place].events & POLLOUT) != 0) ask_once(realtime, record);
}

void realtime_forget(Shim* shim, uint32_t record) {
  Realtime* realtime = shim->realtime;
  const uint32_t place = watches_place(&realtime->watches, record);
  if (place == 0) return;
  const int fd = realtime->watches.entries[place].fd;
  realtime->records[fd < 0 ? ~fd : fd] = 0;
  watches_remove(&realtime->watches, record);
}

}  // namespace

const Interface realtime_interface = {"rtsig",         realtime_open,  realtime_attach,
                                      realtime_poll,   realtime_arm,   realtime_close,
                                      realtime_detach, realtime_watch_room,
                                      false,           realtime_answered, realtime_forget};

}  // namespace calandria
