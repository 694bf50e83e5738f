#include "execute.h"

#include "adopt.h"
#include "compiler.h"
#include "completions.h"
#include "files.h"
#include "datagrams.h"
#include "inbox.h"
#include "processes.h"
#include "network.h"
#include "paths.h"
#include "signals.h"
#include "sockets.h"
#include "system.h"

namespace calandria {

namespace {

/** OPEN: every kind of source but listeners and connections that are dialled. */
int32_t open_source(Shim* shim, uint32_t entry, ReadRoom* room) {
  const Memory* memory = &shim->memory;
  OpenRequest request;
  const uint32_t address = field(shim, entry, layout::SUBMISSION_ADDRESS);
  request.entry = entry;
  request.length = field(shim, entry, layout::SUBMISSION_LENGTH);
  request.record = field(shim, entry, layout::SUBMISSION_RECORD);
  request.generation = field(shim, entry, layout::SUBMISSION_GENERATION);
  request.argument = load_word(memory, entry + layout::SUBMISSION_ARGUMENT);
  request.value = load_word(memory, entry + layout::SUBMISSION_EXTRA);
  if (!inside(memory, address, request.length)) return -EPROTO;
  request.bytes = memory->base + address;
  // Asked for now, so that nothing has to be undone for want of it.
  if (!read_room_ensure(room, layout::PEER_SIZE)) return -ECANCELED;
  switch (memory->base[entry + layout::SUBMISSION_DETAIL]) {
    case layout::KIND_CONNECTION:
      return adopt_open(shim, &request, room);
    case layout::KIND_FILE:
      return file_open(shim, &request, room);
    case layout::KIND_DATAGRAM:
      return datagram_open(shim, &request, room);
    case layout::KIND_INBOX:
      return inbox_open(shim, &request, room);
    case layout::KIND_PROCESS:
      return process_open(shim, &request, room);
    case layout::KIND_NETWORK:
      return network_open(shim, &request, room);
    case layout::KIND_PATH:
      return path_open(shim, &request, room);
    case layout::KIND_SIGNAL:
      return signal_open(shim, &request, room);
    default:
      return -EOPNOTSUPP;
  }
}

int32_t close_one(Shim* shim, uint32_t entry, uint32_t record, int fd) {
  const uint32_t how = field(shim, entry, layout::SUBMISSION_ARGUMENT);
  const bool given = shim->descriptors[record].given;
  if (how == layout::CLOSE_LISTENER && !given) socket_remove_file(fd);
  if (how == layout::CLOSE_RESET) socket_reset_at_close(fd);
  return descriptor_close(shim, record);
}

int32_t execute_other(Shim* shim, uint32_t entry, ReadRoom* room, Descriptor* descriptor) {
  const Source* source = descriptor->source;
  count(&shim->memory, layout::COUNTER_HOST_OTHERS);
  switch (shim->memory.base[entry + layout::SUBMISSION_OPERATION]) {
    case layout::OPERATION_SHUTDOWN:
      if (source->shut_down != nullptr) return source->shut_down(shim, descriptor);
      return system_shut_down(descriptor->fd);
    case layout::OPERATION_CONNECT_STATUS:
      if (source->status == nullptr) return -EOPNOTSUPP;
      return source->status(shim, descriptor, entry, room);
    case layout::OPERATION_SAMPLE:
      if (source->sample == nullptr) return -EOPNOTSUPP;
      return source->sample(shim, descriptor, entry);
    case layout::OPERATION_OPTION:
      if (source->set_option == nullptr) return -EOPNOTSUPP;
      return source->set_option(shim, descriptor, entry);
    default:
      return -ENOSYS;
  }
}

}  // namespace

CALANDRIA_HOT int32_t execute(Shim* shim, uint32_t entry, ReadRoom* room) {
  const uint8_t operation = shim->memory.base[entry + layout::SUBMISSION_OPERATION];
  if (operation == layout::OPERATION_LISTEN) return socket_open(shim, entry, room, false);
  if (operation == layout::OPERATION_CONNECT) return socket_open(shim, entry, room, true);
  if (operation == layout::OPERATION_OPEN) return open_source(shim, entry, room);
  if (operation == layout::OPERATION_TAKE) return process_take(shim, entry, room);
  // Of no one source.
  if (operation == layout::OPERATION_ANNOUNCED) return completions_announced(shim);
  if (operation == layout::OPERATION_COLLECT) return completions_collect(shim, entry, room);
  const uint32_t record = field(shim, entry, layout::SUBMISSION_RECORD);
  const int fd = descriptor_of(shim, record, field(shim, entry, layout::SUBMISSION_GENERATION));
  if (fd < 0) return operation == layout::OPERATION_CLOSE ? 0 : -EBADF;
  Descriptor* descriptor = &shim->descriptors[record];
  const Source* source = descriptor->source;
  switch (operation) {
    case layout::OPERATION_RECEIVE:
      if (source->receive == nullptr) return -EOPNOTSUPP;
      return source->receive(shim, descriptor, entry, room);
    case layout::OPERATION_SEND:
      if (source->send == nullptr) return -EOPNOTSUPP;
      return source->send(shim, descriptor, entry);
    case layout::OPERATION_SEND_FILE:
      if (source->send_file == nullptr) return -EOPNOTSUPP;
      return source->send_file(shim, descriptor, entry);
    case layout::OPERATION_OPERATE:
      if (source->operate == nullptr) return -EOPNOTSUPP;
      return source->operate(shim, descriptor, entry, room);
    case layout::OPERATION_ACCEPT:
      if (source->accept == nullptr) return -EOPNOTSUPP;
      return source->accept(shim, descriptor, entry, room);
    case layout::OPERATION_CLOSE:
      count(&shim->memory, layout::COUNTER_HOST_OTHERS);
      return close_one(shim, entry, record, fd);
    default:
      return execute_other(shim, entry, room, descriptor);
  }
}

}  // namespace calandria
