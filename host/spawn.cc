#include "spawn.h"

#include <cstdlib>

#include "system.h"

#ifdef __APPLE__
// environ(7) there: a library has no symbol of its own.
#include <crt_externs.h>
#define environ (*_NSGetEnviron())
#else
extern char** environ;
#endif

namespace calandria {

namespace {

constexpr int STREAMS = 3;

/** The texts of a command, as pointers into a copy of its bytes. */
struct Command {
  char* bytes;
  char** arguments;
  char** variables;
  const char* file;
  const char* folder;
};

void command_free(Command* command) {
  free(command->bytes);
  free(command->arguments);
  if (command->variables != environ) free(command->variables);
}

/** The text at `*at`, which moves behind it; null when none is whole. */
char* next_text(char** at, const char* end) {
  char* text = *at;
  auto* stop = static_cast<char*>(memchr(text, 0, static_cast<size_t>(end - text)));
  if (stop == nullptr) return nullptr;
  *at = stop + 1;
  return text;
}

char** texts(char** at, const char* end, long total) {
  auto** list = static_cast<char**>(calloc(static_cast<size_t>(total) + 1, sizeof(char*)));
  if (list == nullptr) return nullptr;
  for (long place = 0; place < total; place++) {
    list[place] = next_text(at, end);
    if (list[place] == nullptr) {
      free(list);
      return nullptr;
    }
  }
  return list;
}

int command_parse(Command* command, const OpenRequest* request) {
  *command = {};
  command->bytes = static_cast<char*>(malloc(request->length));
  if (command->bytes == nullptr) return -ENOMEM;
  memcpy(command->bytes, request->bytes, request->length);
  char* at = command->bytes;
  const char* end = at + request->length;
  const char* arguments = next_text(&at, end);
  const char* variables = arguments == nullptr ? nullptr : next_text(&at, end);
  command->file = variables == nullptr ? nullptr : next_text(&at, end);
  command->folder = command->file == nullptr ? nullptr : next_text(&at, end);
  if (command->folder == nullptr) return -EPROTO;
  const long most = static_cast<long>(request->length);
  const long total = strtol(arguments, nullptr, 10);
  const long others = strtol(variables, nullptr, 10);
  if (total < 0 || total > most || others < 0 || others > most) return -EPROTO;
  command->arguments = texts(&at, end, total);
  if (command->arguments == nullptr) return -EPROTO;
  command->variables = *variables == '-' ? environ : texts(&at, end, others);
  return command->variables == nullptr ? -EPROTO : 0;
}

/** Standard streams are what these descriptors become, so none of them may be one already. */
int above_standard(int fd) {
  if (fd > STDERR_FILENO) return fd;
  const int higher = system_duplicate(fd, STDERR_FILENO + 1);
  system_close(fd);
  return higher;
}

/** A pipe, our end non-blocking. Each end is an open file of its own. */
int open_stream(int which, int* ours, int* theirs) {
  int ends[2];
  const int opened = system_pipe(ends);
  if (opened < 0) return opened;
  ends[0] = above_standard(ends[0]);
  ends[1] = above_standard(ends[1]);
  *ours = which == STDIN_FILENO ? ends[1] : ends[0];
  *theirs = which == STDIN_FILENO ? ends[0] : ends[1];
  system_spare_pipe(*ours);
  if (ends[0] < 0 || ends[1] < 0) return -EMFILE;
  return system_set_flags(*ours, system_flags(*ours) | O_NONBLOCK);
}

int describe_stream(posix_spawn_file_actions_t* actions, int which, int how, int* ours,
                    int* theirs) {
  switch (how) {
    case layout::STREAM_PIPE: {
      const int error = open_stream(which, ours, theirs);
      return error < 0 ? error : -posix_spawn_file_actions_adddup2(actions, *theirs, which);
    }
    case layout::STREAM_INHERIT:
      // Onto itself: then it is not closed by exec (posix_spawn_file_actions_adddup2(3)).
      return -posix_spawn_file_actions_adddup2(actions, which, which);
    default:
      return -posix_spawn_file_actions_addopen(actions, which, "/dev/null", O_RDWR, 0);
  }
}

/** No signal is blocked or ignored: what Node does about SIGPIPE is Node's affair. */
int describe_signals(posix_spawnattr_t* attributes) {
  sigset_t none;
  sigset_t all;
  sigemptyset(&none);
  sigfillset(&all);
  // These two are nobody's to set, and some systems say so.
  sigdelset(&all, SIGKILL);
  sigdelset(&all, SIGSTOP);
  int error = posix_spawnattr_setsigmask(attributes, &none);
  if (error == 0) error = posix_spawnattr_setsigdefault(attributes, &all);
  if (error == 0) {
    error = posix_spawnattr_setflags(attributes, POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF);
  }
  return -error;
}

int start(const Command* command, const posix_spawn_file_actions_t* actions, pid_t* process) {
  posix_spawnattr_t attributes;
  int error = -posix_spawnattr_init(&attributes);
  if (error < 0) return error;
  error = describe_signals(&attributes);
  if (error == 0) {
    error = system_spawn(process, command->file, actions, &attributes, command->arguments,
                         command->variables);
  }
  posix_spawnattr_destroy(&attributes);
  return error;
}

/** The folder that the command starts in. */
int enter_folder(posix_spawn_file_actions_t* actions, const char* folder) {
#if defined(__NetBSD__)
  return -posix_spawn_file_actions_addchdir(actions, folder);
#elif defined(__OpenBSD__)
  (void)actions, (void)folder;
  return -EOPNOTSUPP;
#else
  return -posix_spawn_file_actions_addchdir_np(actions, folder);
#endif
}

void close_all(int* ends) {
  for (int which = 0; which < STREAMS; which++) {
    if (ends[which] >= 0) system_close(ends[which]);
    ends[which] = -1;
  }
}

int spawn_with(const Command* command, int streams, int ours[STREAMS], pid_t* process) {
  int theirs[STREAMS] = {-1, -1, -1};
  posix_spawn_file_actions_t actions;
  int error = -posix_spawn_file_actions_init(&actions);
  if (error < 0) return error;
  if (*command->folder != 0) {
    error = enter_folder(&actions, command->folder);
  }
  for (int which = 0; which < STREAMS && error == 0; which++) {
    const int how = (streams >> (which * layout::STREAM_SHIFT)) & layout::STREAM_MASK;
    error = describe_stream(&actions, which, how, &ours[which], &theirs[which]);
  }
  if (error == 0) error = start(command, &actions, process);
  posix_spawn_file_actions_destroy(&actions);
  close_all(theirs);
  if (error < 0) close_all(ours);
  return error;
}

}  // namespace

int spawn_command(const OpenRequest* request, int ends[3], pid_t* process) {
  Command command;
  int error = command_parse(&command, request);
  if (error == 0) error = spawn_with(&command, request->argument, ends, process);
  command_free(&command);
  return error;
}

}  // namespace calandria
