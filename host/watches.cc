#include "watches.h"

#include <cerrno>
#include <cstdlib>

#include "compiler.h"

namespace calandria {

namespace {

/** Reported whether they were asked for or not. */
constexpr short TROUBLE = POLLERR | POLLHUP | POLLNVAL;

/** Null: no such record. */
uint32_t* place_of(const Watches* watches, uint32_t record) {
  if (record == static_cast<uint32_t>(layout::RECORD_COMPLETIONS)) record = watches->records_max;
  return record <= watches->records_max ? &watches->places[record] : nullptr;
}

void ask(Watches* watches, uint32_t place, short bits) {
  struct pollfd* entry = &watches->entries[place];
  entry->events = static_cast<short>(entry->events | bits);
  if (entry->fd < 0) entry->fd = ~entry->fd;
}

void remove_at(Watches* watches, uint32_t place) {
  const uint32_t last = --watches->total;
  *place_of(watches, watches->owners[place].record) = 0;
  if (place == last) return;
  watches->entries[place] = watches->entries[last];
  watches->owners[place] = watches->owners[last];
  *place_of(watches, watches->owners[place].record) = place;
}

/** What the core waits for after a submission of this kind was answered so; 0 for nothing new. */
short awaited(const Memory* memory, uint32_t entry, int32_t result) {
  const int32_t length = load_word(memory, entry + layout::SUBMISSION_LENGTH);
  switch (memory->base[entry + layout::SUBMISSION_OPERATION]) {
    case layout::OPERATION_RECEIVE:
      // No room to read into: what is there is still there, and the core knows.
      return result < length && result != -ENOBUFS ? POLLIN : 0;
    case layout::OPERATION_ACCEPT:
      // After the last one that was counted none is tried.
      return result >= 0 || result == -EAGAIN ? POLLIN : 0;
    case layout::OPERATION_SAMPLE:
      return result == 0 ? POLLIN : 0;
    case layout::OPERATION_ANNOUNCED:
      return POLLIN;
    case layout::OPERATION_SEND:
      return result < length ? POLLOUT : 0;
    case layout::OPERATION_SEND_FILE: {
      const int32_t how = load_word(memory, entry + layout::SUBMISSION_EXTRA);
      const bool blocked = result >= 0 && (how & layout::SENT_BLOCKED) != 0;
      return blocked || result == -EAGAIN ? POLLOUT : 0;
    }
    case layout::OPERATION_CONNECT:
    case layout::OPERATION_OPEN:
      return result == -EINPROGRESS ? POLLOUT : 0;
    default:
      return 0;
  }
}

}  // namespace

int watches_open(Watches* watches, uint32_t records_max) {
  const size_t entries = static_cast<size_t>(records_max) + 1 + WATCHES_FIRST;
  watches->records_max = records_max;
  watches->total = WATCHES_FIRST;
  watches->entries = static_cast<struct pollfd*>(malloc(entries * sizeof(struct pollfd)));
  watches->owners = static_cast<Owner*>(malloc(entries * sizeof(Owner)));
  watches->places = static_cast<uint32_t*>(calloc(records_max + 1, sizeof(uint32_t)));
  if (watches->entries == nullptr || watches->owners == nullptr || watches->places == nullptr) {
    watches_close(watches);
    return -ENOMEM;
  }
  watches->entries[0] = {-1, 0, 0};
  return 0;
}

void watches_close(Watches* watches) {
  free(watches->entries);
  free(watches->owners);
  free(watches->places);
  watches->entries = nullptr;
  watches->owners = nullptr;
  watches->places = nullptr;
}

void watches_add(Watches* watches, int fd, uint32_t record, uint32_t generation, bool listener) {
  const uint32_t place = watches->total++;
  const short asked = listener ? POLLIN : static_cast<short>(POLLIN | POLLPRI | WATCH_END);
  watches->entries[place] = {fd, asked, 0};
  watches->owners[place] = {record, generation, listener};
  *place_of(watches, record) = place;
}

uint32_t watches_place(const Watches* watches, uint32_t record) {
  const uint32_t* place = place_of(watches, record);
  return place == nullptr ? 0 : *place;
}

void watches_remove(Watches* watches, uint32_t record) {
  const uint32_t place = watches_place(watches, record);
  if (place != 0) remove_at(watches, place);
}

void watches_remove_descriptor(Watches* watches, int fd) {
  for (uint32_t place = WATCHES_FIRST; place < watches->total; place++) {
    const int watched = watches->entries[place].fd;
    if (watched == fd || watched == ~fd) return remove_at(watches, place);
  }
}

void watches_room(Watches* watches, uint32_t record, bool on) {
  const uint32_t place = watches_place(watches, record);
  if (place == 0) return;
  if (on) return ask(watches, place, POLLOUT);
  struct pollfd* entry = &watches->entries[place];
  entry->events = static_cast<short>(entry->events & ~POLLOUT);
}

void watches_reported(Watches* watches, uint32_t place) {
  struct pollfd* entry = &watches->entries[place];
  const bool silent = (entry->revents & TROUBLE) != 0;
  entry->events = silent ? short{0} : static_cast<short>(entry->events & ~entry->revents);
  if (silent && entry->fd >= 0) entry->fd = ~entry->fd;
  entry->revents = 0;
}

uint32_t watches_subject(const Memory* memory, uint32_t entry) {
  const bool announced =
      memory->base[entry + layout::SUBMISSION_OPERATION] == layout::OPERATION_ANNOUNCED;
  return announced ? static_cast<uint32_t>(layout::RECORD_COMPLETIONS)
                   : load_unsigned(memory, entry + layout::SUBMISSION_RECORD);
}

CALANDRIA_HOT bool watches_answered(Watches* watches, const Memory* memory, uint32_t entry,
                                    int32_t result) {
  short bits = awaited(memory, entry, result);
  if (bits == 0) return false;
  const uint32_t place = watches_place(watches, watches_subject(memory, entry));
  if (place == 0) return false;
  if (watches->owners[place].listener) bits &= ~POLLOUT;
  if (bits != 0) ask(watches, place, bits);
  return bits != 0;
}

int found_begin(Found* found, int result) {
  found->left = result > 0 ? static_cast<uint32_t>(result) : 0;
  found->cursor = WATCHES_FIRST;
  // Interrupted: nothing was reported, and nothing is lost; the next turn looks again.
  return result < 0 && result != -EINTR ? result : 0;
}

uint32_t found_next(Found* found, const Watches* watches) {
  // Once around at the most, for what was found may have been closed, and another one moved.
  for (uint32_t seen = WATCHES_FIRST; found->left > 0 && seen < watches->total; seen++) {
    if (found->cursor >= watches->total) found->cursor = WATCHES_FIRST;
    const uint32_t place = found->cursor++;
    if (watches->entries[place].revents == 0) continue;
    found->left--;
    return place;
  }
  found->left = 0;
  return 0;
}

}  // namespace calandria
