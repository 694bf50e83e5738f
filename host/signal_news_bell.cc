// Counted as libuv tells of them, and announced by a bell.
#include "signal_news.h"

namespace calandria {

int signal_news_open(SignalNews* news, int) {
  news->waiting = 0;
  const int result = doorbell_open(&news->bell);
  news->fd = news->bell.reader;
  return result;
}

void signal_news_heard(SignalNews* news) {
  // One announcement is enough until somebody has looked: a storm costs an addition a signal.
  if (news->waiting++ == 0) doorbell_ring(&news->bell);
}

uint32_t signal_news_waiting(SignalNews* news, bool answer) {
  if (answer) doorbell_answer(&news->bell);
  return news->waiting;
}

void signal_news_close(SignalNews* news) { doorbell_close(&news->bell); }

}  // namespace calandria
