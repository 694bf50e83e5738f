// How many signals came since somebody looked, and a descriptor that says that some did.
#pragma once

#include <cstdint>

#include "doorbell.h"

namespace calandria {

struct SignalNews {
  /** What to wait for. */
  int fd;
  Doorbell bell;
  uint32_t waiting;
};

/** 0, or -errno. */
int signal_news_open(SignalNews* news, int number);

/** libuv's handler has heard of one. */
void signal_news_heard(SignalNews* news);

/** How many wait; `answer`: and whoever announced them falls silent. */
uint32_t signal_news_waiting(SignalNews* news, bool answer);

void signal_news_close(SignalNews* news);

}  // namespace calandria
