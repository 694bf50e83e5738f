// The files that are read and sent, and their place in the page cache.
//
//   data-file make PATH BYTES    writes it, to the disk
//   data-file evict PATH         drops it from the page cache, and looks whether it is gone
//   data-file warm PATH          reads all of it into the page cache, and looks whether it is there
//
// Each prints {"resident":PAGES,"pages":PAGES}: what is in the page cache, of all it has.

#define _GNU_SOURCE
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "content.h"

// Others use the page cache too: what they undid is done again, a few times.
enum { PAGE = 4096, CHUNK = 1 << 20, ATTEMPTS = 5 };

static uint32_t chunk[CHUNK / sizeof(uint32_t)];

static void fail(const char *what) {
  perror(what);
  exit(1);
}

// Extents that are only reserved would be answered without the disk: every byte is written.
static void make(const char *path, size_t bytes) {
  int file = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
  if (file < 0) fail("open");
  for (size_t offset = 0; offset < bytes;) {
    content_fill(chunk, CHUNK / sizeof *chunk, offset);
    size_t left = bytes - offset;
    ssize_t written = write(file, chunk, left < CHUNK ? left : CHUNK);
    if (written < 0) fail("write");
    if (written % 4 != 0) {
      fprintf(stderr, "write: it ended within a word\n");
      exit(1);
    }
    offset += (size_t)written;
  }
  if (fsync(file) != 0) fail("fsync");
  close(file);
}

static size_t page_count(size_t bytes) {
  return (bytes + PAGE - 1) / PAGE;
}

static size_t resident_pages(int file, size_t bytes) {
  size_t pages = page_count(bytes);
  unsigned char *states = malloc(pages);
  void *mapping = mmap(NULL, bytes, PROT_READ, MAP_SHARED, file, 0);
  if (states == NULL || mapping == MAP_FAILED) fail("mmap");
  if (mincore(mapping, bytes, states) != 0) fail("mincore");
  size_t resident = 0;
  for (size_t page = 0; page < pages; page++) resident += states[page] & 1;
  munmap(mapping, bytes);
  free(states);
  return resident;
}

static void evict(int file) {
  // Pages that are dirty stay: nothing may be left to write.
  if (fsync(file) != 0) fail("fsync");
  int error = posix_fadvise(file, 0, 0, POSIX_FADV_DONTNEED);
  if (error == 0) return;
  fprintf(stderr, "posix_fadvise: %s\n", strerror(error));
  exit(1);
}

static void warm(int file) {
  if (lseek(file, 0, SEEK_SET) != 0) fail("lseek");
  ssize_t length;
  while ((length = read(file, chunk, CHUNK)) > 0) continue;
  if (length < 0) fail("read");
}

int main(int count, char **arguments) {
  const char *command = count > 2 ? arguments[1] : "";
  bool makes = strcmp(command, "make") == 0;
  bool evicts = strcmp(command, "evict") == 0;
  bool warms = strcmp(command, "warm") == 0;
  if (count != 3 + makes || makes + evicts + warms != 1) {
    fprintf(stderr, "usage: data-file make PATH BYTES | evict PATH | warm PATH\n");
    return 2;
  }
  if (makes) make(arguments[2], strtoul(arguments[3], NULL, 10));

  int file = open(arguments[2], O_RDONLY | O_CLOEXEC);
  struct stat status;
  if (file < 0 || fstat(file, &status) != 0) fail("open");
  size_t bytes = (size_t)status.st_size;
  size_t resident = resident_pages(file, bytes);
  size_t wanted = makes ? resident : evicts ? 0 : page_count(bytes);
  for (int attempt = 0; attempt < ATTEMPTS && resident != wanted; attempt++) {
    if (evicts) evict(file);
    else warm(file);
    resident = resident_pages(file, bytes);
  }
  printf("{\"resident\":%zu,\"pages\":%zu}\n", resident, page_count(bytes));
  if (resident == wanted) return 0;
  fprintf(stderr, "%zu pages are in the page cache in place of %zu\n", resident, wanted);
  return 1;
}
