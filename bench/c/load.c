// The load generator. It never sleeps while it measures: a generator that sleeps makes the server
// pay for waking it, and makes slow servers look slower than they are.
//
//   load HOST PORT MODE CONNECTIONS BYTES SECONDS WARMUP [SERVER_PROCESS]
//
//   echo    every connection has one message outstanding: send, await the echo, send the next
//   stream  the same; the name says that messages are large and cross in many pieces
//   churn   every connection connects, echoes one message, closes; the next takes its place
//   idle    opens the connections (each echoes one message if BYTES is not 0), prints
//           "open N", and holds them until stdin ends
//
// All but idle print "begin" and "end" around the measured interval, then one line of JSON. With
// SERVER_PROCESS it holds the processor time of that process in exactly this interval.

#define _GNU_SOURCE
#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

#include "load.h"

void fail(const char *what) {
  perror(what);
  exit(1);
}

void load_error(struct load *load, const char *what) {
  load->errors++;
  if (load->errors <= 3) fprintf(stderr, "load: %s\n", what);
}

void load_start(struct load *load) {
  load->began = now_nanoseconds() + load->warmup;
}

bool load_continues(struct load *load) {
  uint64_t now = now_nanoseconds();
  if (!load->measuring) {
    if (now < load->began) return true;
    load->measuring = true;
    load->cpu_began = process_cpu_nanoseconds(load->server_process);
    load->began = now;
    puts("begin");
    return true;
  }
  if (now - load->began < load->duration) return true;
  load->cpu_ended = process_cpu_nanoseconds(load->server_process);
  load->ended = now;
  puts("end");
  return false;
}

void load_count(struct load *load, uint64_t latency) {
  if (!load->measuring) return;
  load->messages++;
  histogram_add(&load->latency, latency);
}

static double microseconds(const struct load *load, double fraction) {
  return (double)histogram_quantile(&load->latency, fraction) / 1000;
}

static void print_result(const struct load *load) {
  double seconds = (double)(load->ended - load->began) / 1e9;
  printf("{\"messages\":%llu,\"seconds\":%.6f,\"messagesPerSecond\":%.1f,"
         "\"serverCpuNanoseconds\":%llu,\"p50\":%.2f,\"p99\":%.2f,\"p999\":%.2f,"
         "\"errors\":%llu}\n",
         (unsigned long long)load->messages, seconds, (double)load->messages / seconds,
         (unsigned long long)(load->cpu_ended - load->cpu_began), microseconds(load, 0.5),
         microseconds(load, 0.99), microseconds(load, 0.999), (unsigned long long)load->errors);
}

static void allow_many_descriptors(void) {
  struct rlimit limit;
  if (getrlimit(RLIMIT_NOFILE, &limit) != 0) return;
  limit.rlim_cur = limit.rlim_max;
  setrlimit(RLIMIT_NOFILE, &limit);
}

static int usage(void) {
  fprintf(stderr, "usage: load HOST PORT echo|stream|churn|idle CONNECTIONS BYTES SECONDS WARMUP"
                  " [SERVER_PROCESS]\n");
  return 2;
}

int main(int count, char **arguments) {
  static struct load load;
  if (count != 8 && count != 9) return usage();
  const char *mode = arguments[3];
  load.server.sin_family = AF_INET;
  load.server.sin_port = htons((uint16_t)atoi(arguments[2]));
  if (inet_pton(AF_INET, arguments[1], &load.server.sin_addr) != 1) return usage();
  load.connections = (unsigned)atoi(arguments[4]);
  load.bytes = strtoul(arguments[5], NULL, 10);
  load.duration = (uint64_t)(atof(arguments[6]) * 1e9);
  load.warmup = (uint64_t)(atof(arguments[7]) * 1e9);
  if (count == 9) load.server_process = atoi(arguments[8]);
  if (load.connections == 0) return usage();
  allow_many_descriptors();
  // The markers are for whoever reads along, so they must not wait in a buffer.
  setvbuf(stdout, NULL, _IOLBF, 0);

  if (strcmp(mode, "idle") == 0) {
    run_idle(&load);
    return 0;
  }
  if (load.bytes == 0) return usage();
  if (strcmp(mode, "echo") == 0 || strcmp(mode, "stream") == 0) run_echo(&load);
  else if (strcmp(mode, "churn") == 0) run_churn(&load);
  else return usage();
  print_result(&load);
  return 0;
}
