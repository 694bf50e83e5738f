#include "processes.h"

#include <cstdlib>

#include "pipes.h"
#include "spawn.h"
#include "system.h"

namespace calandria {

namespace {

/** struct pidfd_info of <linux/pidfd.h>, which older headers do not have (Linux 6.13). */
struct PidInformation {
  uint64_t mask;
  uint64_t group;
  uint32_t process;
  uint32_t ids[10];
  int32_t status;
};
constexpr uint64_t INFORMATION_EXIT = 1u << 3;
constexpr unsigned long GET_INFORMATION = _IOWR(0xff, 11, PidInformation);

// What a record says of how it ended.
constexpr uint32_t UNKNOWN_END = 0;

struct End {
  uint32_t process;
  uint32_t how;
  int32_t status;
  uint32_t nothing;
};

bool ended(int fd) { return system_ready(fd, POLLIN, 0) != 0; }

/** Somebody else reaped it: the kernel may still know its status (Linux 6.15). */
void learn_end(int fd, End* end) {
  PidInformation information = {};
  information.mask = INFORMATION_EXIT;
  if (system_process_information(fd, GET_INFORMATION, &information) < 0) return;
  if ((information.mask & INFORMATION_EXIT) == 0) return;
  const int status = information.status;
  if (WIFEXITED(status)) {
    end->how = CLD_EXITED;
    end->status = WEXITSTATUS(status);
  } else if (WIFSIGNALED(status)) {
    end->how = WCOREDUMP(status) ? CLD_DUMPED : CLD_KILLED;
    end->status = WTERMSIG(status);
  }
}

bool spawned_here(const Descriptor* descriptor);

int32_t receive(Shim* shim, Descriptor* descriptor, uint32_t entry, ReadRoom* room) {
  const int fd = descriptor->fd;
  if (!ensure_batch(shim, entry, room, sizeof(End))) return -ENOBUFS;
  count(&shim->memory, layout::COUNTER_HOST_RECEIVES);
  if (!ended(fd)) return -EAGAIN;
  const auto* process = static_cast<const uint32_t*>(descriptor->state);
  End end = {process[0], UNKNOWN_END, 0, 0};
  siginfo_t information = {};
  // Who spawned it reaps it; a child of libuv's stays for libuv.
  const int how = WEXITED | WNOHANG | (spawned_here(descriptor) ? 0 : WNOWAIT);
  if (system_wait_process(fd, &information, how) == 0 && information.si_pid != 0) {
    end.how = static_cast<uint32_t>(information.si_code);
    end.status = information.si_status;
  } else {
    learn_end(fd, &end);
  }
  memcpy(shim->memory.base + room->cursor, &end, sizeof end);
  return answer_bytes(shim, entry, room, sizeof end);
}

int32_t sample(Shim* shim, Descriptor* descriptor, uint32_t entry) {
  store_word(&shim->memory, entry + layout::SUBMISSION_EXTRA, layout::UNKNOWN);
  return ended(descriptor->fd) ? 1 : 0;
}

int32_t operate(Shim* shim, Descriptor* descriptor, uint32_t entry, ReadRoom*) {
  const Memory* memory = &shim->memory;
  const uint32_t place = field(shim, entry, layout::SUBMISSION_ARGUMENT);
  if (memory->base[entry + layout::SUBMISSION_DETAIL] != layout::TASK_CONTROL) return -EOPNOTSUPP;
  if (place >= memory->tasks_max) return -EPROTO;
  const uint32_t task = memory->tasks + place * layout::TASK_SIZE;
  const uint64_t offset = load_long(memory, task + layout::TASK_OFFSET);
  if (static_cast<uint32_t>(offset >> 32) != layout::CONTROL_KILL) return -EOPNOTSUPP;
  const auto number = static_cast<int>(static_cast<uint32_t>(offset));
  return system_signal_process(descriptor->fd, number);
}

/** False while it runs. One that somebody else reaped, or we did, needs no more of it. */
bool reap(int fd) {
  siginfo_t information = {};
  const int how = WEXITED | WNOHANG;
  return system_wait_process(fd, &information, how) < 0 || information.si_pid != 0;
}

/** Whoever was left running and has ended since must not stay as a zombie for ever. */
void reap_left(Shim* shim) {
  Left** place = &shim->left;
  while (*place != nullptr) {
    Left* left = *place;
    if (!reap(left->fd)) {
      place = &left->next;
      continue;
    }
    *place = left->next;
    system_close(left->fd);
    free(left);
  }
}

/** The process goes on; what it becomes is nobody's business here any more, but to reap it. */
int32_t close_process(Shim* shim, const Descriptor* descriptor) {
  free(descriptor->state);
  if (spawned_here(descriptor) && !reap(descriptor->fd)) {
    auto* left = static_cast<Left*>(malloc(sizeof(Left)));
    if (left != nullptr) {
      // Nobody is to be told of its end.
      shim->interface->detach(shim, descriptor->fd);
      *left = {descriptor->fd, shim->left};
      shim->left = left;
      return 0;
    }
  }
  return static_cast<int32_t>(system_close(descriptor->fd));
}

/** The ends that nobody took. */
void close_ends(Shim* shim) {
  for (int& fd : shim->spawned) {
    if (fd >= 0) system_close(fd);
    fd = -1;
  }
}

const Source spawned_source = {"spawned process", nullptr, receive, nullptr,
                               sample,            nullptr, operate, close_process};
const Source watched_source = {"watched process", nullptr, receive, nullptr,
                               sample,            nullptr, operate, close_process};

bool spawned_here(const Descriptor* descriptor) { return descriptor->source == &spawned_source; }

int32_t answer_process(Shim* shim, const OpenRequest* request, ReadRoom* room, pid_t process,
                       const Source* source) {
  const int fd = system_process(process);
  if (fd < 0) return fd;
  auto* state = static_cast<uint32_t*>(calloc(1, sizeof(uint32_t)));
  if (state == nullptr) {
    system_close(fd);
    return -ENOMEM;
  }
  *state = static_cast<uint32_t>(process);
  uint8_t name[layout::PEER_SIZE] = {layout::FAMILY_PROCESS};
  memcpy(name + layout::PEER_SCOPE, state, sizeof *state);
  return answer_opened(shim, request, room, fd, source, state, name, 0);
}

}  // namespace

int32_t process_open(Shim* shim, const OpenRequest* request, ReadRoom* room) {
  // For the TAKEs that follow too: what was spawned cannot be undone for want of room.
  if (!read_room_ensure(room, 4 * layout::PEER_SIZE)) return -ECANCELED;
  close_ends(shim);
  reap_left(shim);
  if (request->length == 0) {
    return answer_process(shim, request, room, request->argument, &watched_source);
  }
  pid_t process = 0;
  const int error = spawn_command(request, shim->spawned, &process);
  if (error < 0) return error;
  const int32_t result = answer_process(shim, request, room, process, &spawned_source);
  if (result < 0) {
    // Nobody would ever hear of it: it must not go on, nor stay as a zombie.
    system_kill(process, SIGKILL);
    system_reap(process, nullptr, 0);
    close_ends(shim);
  }
  return result;
}

int32_t process_take(Shim* shim, uint32_t entry, ReadRoom* room) {
  const uint32_t which = field(shim, entry, layout::SUBMISSION_ARGUMENT);
  if (which >= 3 || shim->spawned[which] < 0) return -EBADF;
  if (!read_room_ensure(room, layout::PEER_SIZE)) return -ECANCELED;
  const int fd = shim->spawned[which];
  Pipe* pipe = pipe_create(fd, Asking::own, which != 0, which == 0);
  if (pipe == nullptr) return -ENOMEM;
  shim->spawned[which] = -1;
  OpenRequest request = {};
  request.entry = entry;
  request.record = field(shim, entry, layout::SUBMISSION_RECORD);
  request.generation = field(shim, entry, layout::SUBMISSION_GENERATION);
  uint8_t name[layout::PEER_SIZE] = {layout::FAMILY_DESCRIPTOR};
  name[layout::PEER_PORT] = layout::DESCRIPTOR_PIPE;
  // The process may write in packets (pipe(2), O_DIRECT), and then a short read says nothing.
  return answer_opened(shim, &request, room, fd, &pipe_source, pipe, name,
                       layout::OPENED_DOUBTFUL);
}

void processes_close(Shim* shim) {
  close_ends(shim);
  reap_left(shim);
  while (shim->left != nullptr) {
    Left* left = shim->left;
    shim->left = left->next;
    system_close(left->fd);
    free(left);
  }
}

}  // namespace calandria
