// EVFILT_SIGNAL in a kqueue that holds nothing else. It counts every attempt to deliver the signal,
// whatever the process does about it (kqueue(2)); libuv's handler keeps it from ending the process.
#include "signal_news.h"

#include "system_kqueue.h"

namespace calandria {

int signal_news_open(SignalNews* news, int number) {
  *news = {system_kqueue(), NO_DOORBELL, 0};
  if (news->fd < 0) return news->fd;
  const auto ident = static_cast<uintptr_t>(number);
  const struct kevent change = kevent_of(ident, EVFILT_SIGNAL, EV_ADD | EV_CLEAR, 0, 0, 0);
  const int result = system_change(news->fd, &change);
  if (result < 0) system_close(news->fd);
  return result;
}

void signal_news_heard(SignalNews*) {}

uint32_t signal_news_waiting(SignalNews* news, bool) {
  struct kevent event;
  // `data`: how often since it was last told of.
  if (system_kevent(news->fd, nullptr, 0, &event, 1) == 1) {
    news->waiting += static_cast<uint32_t>(event.data);
  }
  return news->waiting;
}

void signal_news_close(SignalNews* news) { system_close(news->fd); }

}  // namespace calandria
