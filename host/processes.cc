#include "processes.h"

#include <cstdlib>

#include "pipes.h"
#include "spawn.h"
#include "system.h"

namespace calandria {

void process_describe(int status, ProcessEnd* end) {
  if (WIFEXITED(status)) {
    *end = {CLD_EXITED, WEXITSTATUS(status)};
  } else if (WIFSIGNALED(status)) {
    const int how = WCOREDUMP(status) ? CLD_DUMPED : CLD_KILLED;
    *end = {static_cast<uint32_t>(how), WTERMSIG(status)};
  }
}

namespace {

/** The record of the batch (assembly/layout.ts, "Batches"). */
struct End {
  uint32_t process;
  uint32_t how;
  int32_t status;
  uint32_t nothing;
};

Process* process_of(const Descriptor* descriptor) {
  return static_cast<Process*>(descriptor->state);
}

int32_t receive(Shim* shim, Descriptor* descriptor, uint32_t entry, ReadRoom* room) {
  if (!ensure_batch(shim, entry, room, sizeof(End))) return -ENOBUFS;
  count(&shim->memory, layout::COUNTER_HOST_RECEIVES);
  Process* process = process_of(descriptor);
  ProcessEnd known;
  if (!process_ended(descriptor->fd, process, &known)) return -EAGAIN;
  const End end = {static_cast<uint32_t>(process->id), known.how, known.status, 0};
  memcpy(shim->memory.base + room->cursor, &end, sizeof end);
  return answer_bytes(shim, entry, room, sizeof end);
}

int32_t sample(Shim* shim, Descriptor* descriptor, uint32_t entry) {
  store_word(&shim->memory, entry + layout::SUBMISSION_EXTRA, layout::UNKNOWN);
  return process_over(descriptor->fd, process_of(descriptor)) ? 1 : 0;
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
  return process_signal(descriptor->fd, process_of(descriptor), number);
}

/** Whoever was left running and has ended since must not stay as a zombie for ever. */
void reap_left(Shim* shim) {
  Left** place = &shim->left;
  while (*place != nullptr) {
    Left* left = *place;
    if (!process_reaped(left->fd, &left->process)) {
      place = &left->next;
      continue;
    }
    *place = left->next;
    process_unwatch(left->fd, &left->process);
    free(left);
  }
}

/** The process goes on; what it becomes is nobody's business here any more, but to reap it. */
int32_t close_process(Shim* shim, const Descriptor* descriptor) {
  const Process process = *process_of(descriptor);
  free(descriptor->state);
  if (process.ours && !process_reaped(descriptor->fd, &process)) {
    auto* left = static_cast<Left*>(malloc(sizeof(Left)));
    if (left != nullptr) {
      // Nobody is to be told of its end.
      shim->interface->detach(shim, descriptor->fd);
      *left = {descriptor->fd, process, shim->left};
      shim->left = left;
      return 0;
    }
  }
  process_unwatch(descriptor->fd, &process);
  return 0;
}

/** The ends that nobody took. */
void close_ends(Shim* shim) {
  for (int& fd : shim->spawned) {
    if (fd >= 0) system_close(fd);
    fd = -1;
  }
}

const Source process_source = {"process", nullptr, receive, nullptr,
                               sample,    nullptr, operate, close_process};

int32_t answer_process(Shim* shim, const OpenRequest* request, ReadRoom* room, pid_t id,
                       bool ours) {
  auto* process = static_cast<Process*>(calloc(1, sizeof(Process)));
  if (process == nullptr) return -ENOMEM;
  process->id = id;
  process->ours = ours;
  const int fd = process_watch(process);
  if (fd < 0) {
    free(process);
    return fd;
  }
  uint8_t name[layout::PEER_SIZE] = {layout::FAMILY_PROCESS};
  const auto number = static_cast<uint32_t>(id);
  memcpy(name + layout::PEER_SCOPE, &number, sizeof number);
  return answer_opened(shim, request, room, fd, &process_source, process, name, 0);
}

}  // namespace

int32_t process_open(Shim* shim, const OpenRequest* request, ReadRoom* room) {
  // For the TAKEs that follow too: what was spawned cannot be undone for want of room.
  if (!read_room_ensure(room, 4 * layout::PEER_SIZE)) return -ECANCELED;
  close_ends(shim);
  reap_left(shim);
  if (request->length == 0) {
    return answer_process(shim, request, room, request->argument, false);
  }
  pid_t process = 0;
  const int error = spawn_command(request, shim->spawned, &process);
  if (error < 0) return error;
  const int32_t result = answer_process(shim, request, room, process, true);
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
    process_unwatch(left->fd, &left->process);
    free(left);
  }
}

}  // namespace calandria
