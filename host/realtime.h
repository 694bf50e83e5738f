// Signal-driven I/O (fcntl(2), "Managing signals"): each socket sends a real-time signal, with its
// number and what came, to the thread of the reactor. The signals are blocked there and read from
// a signalfd(2) as records; no handler is installed, and other threads hear of nothing.
//
//   a socket of ours      O_ASYNC: a signal for each thing that comes     FORMAT_SIGNAL
//   what cannot signal    edge-triggered in the epoll that joins all      FORMAT_EPOLL
//     (eventfd, pidfd, pipes), and what somebody else may share
//   new, blocked, read    asked once by poll(2): what it is ready for     FORMAT_POLL
//                         may have been signalled before
//   after an overflow     all, by poll(2)                                 FORMAT_POLL
//
// Signals are queued up to RLIMIT_SIGPENDING. Beyond it the kernel sends SIGIO in their place, once
// for many: something was lost, and everything has to be looked at.
#pragma once

#include <sys/signalfd.h>

#include "shim.h"
#include "watches.h"

namespace calandria {

struct Realtime {
  /** The signal of this reactor; no other in this thread has it. */
  int number;
  int signals;
  /** What to ask poll(2) for, of each socket that signals. */
  Watches watches;
  /** The record of each of them plus 1, by descriptor; 0: not one of them. */
  uint32_t* records;
  int records_size;
  /** Records to be asked once, and whether one is among them. */
  uint32_t* fresh;
  bool* listed;
  uint32_t fresh_total;
  /** What is asked in one call, of those. */
  struct pollfd* asked;
  /** Records whose entry has something that was not reported yet, and how many of them were. */
  uint32_t* found;
  uint32_t found_total;
  uint32_t found_reported;
  /** Signals were lost: everything is to be asked. */
  bool lost;
  /** SIGIO, which another reactor of this thread has read; its number is 0 when there is none. */
  struct signalfd_siginfo overflow;
  /** The last look brought signals: the others are asked first. */
  bool others_first;
  Shim* shim;
  Realtime* next;
};

}  // namespace calandria
