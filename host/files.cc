#include "files.h"

#include <cerrno>
#include <cstdlib>

#include "aio.h"
#include "probe.h"
#include "system.h"

namespace calandria {

namespace {

FileState* state_of(const Descriptor* descriptor) {
  return static_cast<FileState*>(descriptor->state);
}

void release_open(Shim*, Request* request) {
  auto* file = reinterpret_cast<FileState*>(request);
  file->opening = false;
  if (file->orphan) file_free(file);
}

/** After the open's completion. */
int32_t status(Shim* shim, Descriptor* descriptor, uint32_t entry, ReadRoom* room) {
  FileState* file = state_of(descriptor);
  if (file->opening) return -EINPROGRESS;
  if (file->request.result < 0) return static_cast<int32_t>(file->request.result);
  if (!read_room_ensure(room, layout::PEER_SIZE)) return -ECANCELED;
  descriptor->fd = file->fd;
  uint8_t name[layout::PEER_SIZE] = {};
  const uint16_t family = layout::FAMILY_FILE;
  const auto marks = static_cast<uint16_t>((file->direct ? layout::FILE_IS_DIRECT : 0) |
                                           (file->linked ? layout::FILE_IS_LINKED : 0) |
                                           (file->local ? layout::FILE_IS_LOCAL : 0));
  memcpy(name + layout::PEER_FAMILY, &family, sizeof family);
  memcpy(name + layout::PEER_PORT, &marks, sizeof marks);
  memcpy(name + layout::PEER_SCOPE, &file->type, sizeof file->type);
  memcpy(name + layout::PEER_BYTES, &file->device, sizeof file->device);
  memcpy(name + layout::PEER_BYTES + 8, &file->inode, sizeof file->inode);
  return answer_name(shim, entry, room, name);
}

int32_t close_file(Shim*, const Descriptor* descriptor) {
  FileState* file = state_of(descriptor);
  if (file->opening) file->orphan = true;
  else file_free(file);
  return 0;
}

void release_slot(Shim* shim, Request* request) {
  slot_give(shim, reinterpret_cast<Slot*>(request));
}

/** Straight into the read arena; -EAGAIN when that would wait for the disk. */
int32_t read_cached(Shim* shim, FileState* file, uint32_t entry, ReadRoom* room, uint64_t offset,
                    uint32_t length) {
  uint8_t* bytes = shim->memory.base + room->cursor;
  const long result = system_read_cached(&shim->interrupted, file->fd, bytes, length, offset);
  if (result == -EOPNOTSUPP || result == -ENOSYS || result == -EINVAL) {
    file->nowait = false;
    return -EAGAIN;
  }
  if (result > 0) return answer_bytes(shim, entry, room, static_cast<uint32_t>(result));
  return static_cast<int32_t>(result);
}

/** May a transfer past the page cache go to the kernel as it is? Moves a write's bytes for it. */
bool align(Shim* shim, Slot* slot) {
  const FileState* file = slot->file;
  // The slot's bytes are aligned; if the core's are not, those of a write go there.
  if (!file_aligned(file, slot->offset, slot->length, slot->bytes)) return false;
  if (slot->task == layout::TASK_READ) return true;
  if (file_aligned(file, slot->offset, slot->length, slot->from)) return true;
  if (slot->length > slots_bytes(shim)) return false;
  memcpy(slot->bytes, slot->from, slot->length);
  slot->from = slot->bytes;
  return true;
}

/** Into the kernel's own queue, if there is one that takes it. */
bool queued_in_kernel(Shim* shim, Slot* slot) {
  const FileState* file = slot->file;
  const int task = slot->task;
  const bool transfers = task == layout::TASK_READ || task == layout::TASK_WRITE;
  const bool syncs = task == layout::TASK_SYNC || task == layout::TASK_SYNC_DATA;
  if (!transfers && !syncs) return false;
  if (shim->interface->operate != nullptr) {
    if (file->direct && transfers && !align(shim, slot)) return false;
    return shim->interface->operate(shim, slot);
  }
  if (!file->direct) return false;
  // Without RWF_NOWAIT a submission to aio may wait for the disk, and the loop with it.
  if (transfers && (!file->nowait || !align(shim, slot))) return false;
  return aio_queue(shim, slot);
}

int32_t operate(Shim* shim, Descriptor* descriptor, uint32_t entry, ReadRoom* room) {
  const Memory* memory = &shim->memory;
  FileState* file = state_of(descriptor);
  const int task = memory->base[entry + layout::SUBMISSION_DETAIL];
  const uint32_t operation = field(shim, entry, layout::SUBMISSION_ARGUMENT);
  const uint32_t address = field(shim, entry, layout::SUBMISSION_ADDRESS);
  uint32_t length = field(shim, entry, layout::SUBMISSION_LENGTH);
  if (operation >= memory->tasks_max) return -EPROTO;
  if (task == layout::TASK_WRITE && !inside(memory, address, length)) return -EPROTO;
  const uint32_t at = memory->tasks + operation * layout::TASK_SIZE;
  const uint64_t offset = load_long(memory, at + layout::TASK_OFFSET);
  if (offset > INT64_MAX) return -EINVAL;
  count(memory, layout::COUNTER_HOST_OTHERS);
  if (task == layout::TASK_READ && !file->direct && file->nowait) {
    if (!read_room_ensure(room, length)) return -EAGAIN;
    const int32_t result = read_cached(shim, file, entry, room, offset, length);
    if (result != -EAGAIN) return result;
  }
  int64_t (*run)(Request*) = file_job(task);
  if (run == nullptr) return -EOPNOTSUPP;
  Slot* slot = slot_take(shim);
  if (slot == nullptr) return -EAGAIN;
  const bool reads = task == layout::TASK_READ || task == layout::TASK_LIST;
  if (reads && length > slots_bytes(shim)) length = slots_bytes(shim);
  slot->file = file;
  slot->fd = file->fd;
  slot->task = task;
  slot->offset = offset;
  slot->length = length;
  slot->from = memory->base + address;
  slot->entry = entry;
  slot->request.run = run;
  slot->request.release = release_slot;
  slot->request.operation = operation;
  slot->request.generation = load_unsigned(memory, at + layout::TASK_GENERATION);
  slot->request.bytes = reads || task == layout::TASK_STAT ? slot->bytes : nullptr;
  if (queued_in_kernel(shim, slot)) return -EINPROGRESS;
  const int result = completions_start(shim, &slot->request);
  if (result == 0) return -EINPROGRESS;
  slot_give(shim, slot);
  return result;
}

/** A number in decimal digits and what ends it; null when there is none, or too large a one. */
const char* read_number(const char* text, char end, uint32_t* number) {
  uint64_t value = 0;
  const char* next = text;
  while (*next >= '0' && *next <= '9' && value <= UINT32_MAX) {
    value = value * 10 + static_cast<uint64_t>(*next++ - '0');
  }
  if (next == text || value > UINT32_MAX || *next != end) return nullptr;
  *number = static_cast<uint32_t>(value);
  return next + 1;
}

/**
 * The directory that a file is to be opened beneath, as a descriptor of its own: it may be closed
 * before a thread comes to it. Leaves the path from there in `path`.
 */
int hold_base(Shim* shim, FileState* file) {
  uint32_t record = 0;
  uint32_t generation = 0;
  const char* rest = read_number(file->path, '.', &record);
  if (rest != nullptr) rest = read_number(rest, '/', &generation);
  if (rest == nullptr) return -EINVAL;
  const int directory = descriptor_of(shim, record, generation);
  if (directory < 0 || shim->descriptors[record].source != &file_source) return -EBADF;
  file->base = system_duplicate(directory, 0);
  if (file->base < 0) return file->base;
  memmove(file->path, rest, strlen(rest) + 1);
  return 0;
}

}  // namespace

const Source file_source = {"file",  status,  nullptr, nullptr,
                            nullptr, nullptr, operate, close_file};

int32_t file_open(Shim* shim, const OpenRequest* request, ReadRoom*) {
  if (memchr(request->bytes, 0, request->length) != nullptr) return -EINVAL;
  auto* file = static_cast<FileState*>(calloc(1, sizeof(FileState) + request->length + 1));
  if (file == nullptr) return -ENOMEM;
  file->fd = -1;
  file->buffered = -1;
  file->base = -1;
  file->nowait = !without("rwf_nowait");
  file->flags = request->argument;
  file->mode = static_cast<uint32_t>(request->value);
  memcpy(file->path, request->bytes, request->length);
  file->request.run = file_run_open;
  file->request.release = release_open;
  file->request.operation = static_cast<uint32_t>(layout::COMPLETION_OF_RECORD) | request->record;
  file->request.generation = request->generation;
  int result = file->flags & layout::FILE_BENEATH ? hold_base(shim, file) : 0;
  if (result == 0) {
    result = descriptor_keep(shim, request->record, request->generation, FD_OPENING, &file_source,
                             file);
  }
  if (result < 0) {
    file_free(file);
    return result;
  }
  result = completions_start(shim, &file->request);
  if (result < 0) {
    descriptor_close(shim, request->record);
    return result;
  }
  file->opening = true;
  return -EINPROGRESS;
}

}  // namespace calandria
