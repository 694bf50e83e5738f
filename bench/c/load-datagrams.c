// UDP: every socket keeps a window of datagrams under way, and sends the next for each that came
// back.
//
// Sockets are few and windows wide, so that one call takes and sends many: the load keeps ahead of
// any server. All windows together fit the receive buffer of a server (some 270 small datagrams on
// Linux), so none is lost unless the server loses it.

#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>

#include "load.h"
#include "message.h"

enum { WINDOW_MAX = 64, DATAGRAM_MAX = 1472, EVENTS_A_TURN = 64 };
static const uint64_t patience = 200000000;
static const uint64_t look = 50000000;

struct slot {
  uint64_t sequence;
  uint64_t started;
};

struct window {
  int descriptor;
  uint64_t index;
  struct slot slots[WINDOW_MAX];
};

static char *message;
static char sent[WINDOW_MAX][DATAGRAM_MAX];
static char received[WINDOW_MAX][DATAGRAM_MAX + 1];
static struct mmsghdr outgoing[WINDOW_MAX];
static struct mmsghdr incoming[WINDOW_MAX];
static unsigned outgoing_count;

static void prepare_vectors(size_t bytes) {
  static struct iovec pieces[2][WINDOW_MAX];
  for (unsigned index = 0; index < WINDOW_MAX; index++) {
    memcpy(sent[index], message, bytes);
    pieces[0][index] = (struct iovec){.iov_base = sent[index], .iov_len = bytes};
    pieces[1][index] = (struct iovec){.iov_base = received[index], .iov_len = DATAGRAM_MAX + 1};
    outgoing[index].msg_hdr = (struct msghdr){.msg_iov = &pieces[0][index], .msg_iovlen = 1};
    incoming[index].msg_hdr = (struct msghdr){.msg_iov = &pieces[1][index], .msg_iovlen = 1};
  }
}

// A place of the window always has sequences that are the place modulo its width.
static void queue_next(struct load *load, struct window *window, unsigned place, uint64_t now) {
  struct slot *slot = &window->slots[place];
  slot->sequence += load->window;
  slot->started = now;
  struct message_header header = {.connection = window->index, .sequence = slot->sequence};
  message_stamp(sent[outgoing_count++], load->bytes, header);
}

static void send_queued(struct load *load, struct window *window) {
  for (unsigned done = 0; done < outgoing_count;) {
    int count = sendmmsg(window->descriptor, outgoing + done, outgoing_count - done, 0);
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) load_error(load, "a send failed");
    // What was not sent now is sent again when its patience is over.
    if (count <= 0) break;
    done += (unsigned)count;
  }
  outgoing_count = 0;
}

static void take(struct load *load, struct window *window, unsigned index, uint64_t now) {
  struct message_header header;
  memcpy(&header, received[index], sizeof header);
  size_t length = incoming[index].msg_len;
  unsigned place = (unsigned)(header.sequence % load->window);
  struct message_header wanted = {
      .connection = window->index,
      .sequence = header.sequence,
  };
  if (length != load->bytes || !message_matches(message, wanted, received[index], 0, length)) {
    return load_error(load, "an echo differs from its datagram");
  }
  // Late: it was taken for lost already.
  if (window->slots[place].sequence != header.sequence) return;
  load_count(load, now - window->slots[place].started);
  queue_next(load, window, place, now);
}

static void receive(struct load *load, struct window *window) {
  for (;;) {
    int count = recvmmsg(window->descriptor, incoming, load->window, MSG_DONTWAIT, NULL);
    if (count < 0 && errno == EINTR) continue;
    if (count < 0 && errno == EAGAIN) return;
    if (count < 0) return load_error(load, "a receive failed");
    uint64_t now = now_nanoseconds();
    for (int index = 0; index < count; index++) take(load, window, (unsigned)index, now);
    send_queued(load, window);
  }
}

static void send_lost_again(struct load *load, struct window *window, uint64_t now) {
  for (unsigned place = 0; place < load->window; place++) {
    if (now - window->slots[place].started < patience) continue;
    if (load->measuring) load->lost++;
    queue_next(load, window, place, now);
  }
  send_queued(load, window);
}

static void open_window(struct load *load, struct window *window, int epoll) {
  window->descriptor = socket(AF_INET, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  if (window->descriptor < 0) fail("load: socket");
  const struct sockaddr *server = (const struct sockaddr *)&load->server;
  if (connect(window->descriptor, server, sizeof load->server) != 0) fail("load: connect");
  struct epoll_event event = {.events = EPOLLIN | EPOLLET, .data.ptr = window};
  if (epoll_ctl(epoll, EPOLL_CTL_ADD, window->descriptor, &event) != 0) fail("epoll_ctl");
  for (unsigned place = 0; place < load->window; place++) window->slots[place].sequence = place;
}

void run_datagrams(struct load *load) {
  message = malloc(load->bytes);
  struct window *windows = calloc(load->connections, sizeof *windows);
  int epoll = epoll_create1(EPOLL_CLOEXEC);
  if (message == NULL || windows == NULL || epoll < 0) fail("load");
  if (load->bytes < MESSAGE_HEADER || load->bytes > DATAGRAM_MAX || load->window > WINDOW_MAX) {
    errno = EINVAL;
    fail("load: bytes or window");
  }
  message_fill(message, load->bytes);
  prepare_vectors(load->bytes);
  for (unsigned index = 0; index < load->connections; index++) {
    windows[index].index = index;
    open_window(load, &windows[index], epoll);
  }

  load_start(load);
  // Nothing was sent yet, so everything is overdue.
  uint64_t looked = 0;
  static struct epoll_event events[EVENTS_A_TURN];
  while (load_continues(load)) {
    int ready = epoll_wait(epoll, events, EVENTS_A_TURN, 0);
    for (int index = 0; index < ready; index++) receive(load, events[index].data.ptr);
    uint64_t now = now_nanoseconds();
    if (now - looked < look) continue;
    looked = now;
    for (unsigned index = 0; index < load->connections; index++) {
      send_lost_again(load, &windows[index], now);
    }
  }
}
