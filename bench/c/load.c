// The load generator. It never sleeps while it measures: a generator that sleeps makes the server
// pay for waking it, and makes slow servers look slower than they are.
//
//   load HOST PORT MODE CONNECTIONS BYTES SECONDS WARMUP SERVER_PROCESS [NAME=NUMBER ...]
//
//   echo       every connection has one message outstanding: send, await the echo, send the next
//   stream     the same; the name says that messages are large and cross in many pieces
//   churn      every connection connects, echoes one message, closes; the next takes its place
//   idle       opens the connections (each echoes one message if BYTES is not 0, or with `http=1`
//              asks once for a body of BYTES), prints "open N", and holds them until stdin ends
//   fetch      asks for a file of BYTES on one connection, over and over
//   http       requests of HTTP over kept connections; `browser=1` with ten fields, `content=1`
//              compares bodies with the data file of BYTES
//   paced      every connection sends a message each `interval` microseconds. With `fetched`, one
//              more asks for a file of so many bytes, once, and that is what is measured; SECONDS
//              is how long it may take
//   datagrams  CONNECTIONS sockets of UDP, each with `window` datagrams under way
//
// All but idle print "begin" and "end" around the measured interval, then one line of JSON. It
// holds the processor time of SERVER_PROCESS in exactly this interval; 0 is nobody.

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
         "\"errors\":%llu,\"lost\":%llu}\n",
         (unsigned long long)load->messages, seconds, (double)load->messages / seconds,
         (unsigned long long)(load->cpu_ended - load->cpu_began), microseconds(load, 0.5),
         microseconds(load, 0.99), microseconds(load, 0.999), (unsigned long long)load->errors,
         (unsigned long long)load->lost);
}

static void allow_many_descriptors(void) {
  struct rlimit limit;
  if (getrlimit(RLIMIT_NOFILE, &limit) != 0) return;
  limit.rlim_cur = limit.rlim_max;
  setrlimit(RLIMIT_NOFILE, &limit);
}

static int usage(void) {
  fprintf(stderr, "usage: load HOST PORT echo|stream|churn|idle|fetch|http|paced|datagrams"
                  " CONNECTIONS BYTES SECONDS WARMUP SERVER_PROCESS [NAME=NUMBER ...]\n");
  return 2;
}

// NAME=NUMBER, if this is the name.
static bool read_setting(const char *setting, const char *name, unsigned long *value) {
  size_t length = strlen(name);
  if (strncmp(setting, name, length) != 0 || setting[length] != '=') return false;
  *value = strtoul(setting + length + 1, NULL, 10);
  return true;
}

static bool take_setting(struct load *load, const char *setting) {
  unsigned long value;
  if (read_setting(setting, "window", &value)) load->window = (unsigned)value;
  else if (read_setting(setting, "interval", &value)) load->interval = value * 1000;
  else if (read_setting(setting, "fetched", &value)) load->fetched = value;
  else if (read_setting(setting, "http", &value)) load->http = value != 0;
  else if (read_setting(setting, "browser", &value)) load->browser = value != 0;
  else if (read_setting(setting, "content", &value)) load->content = value != 0;
  else return false;
  return true;
}

static int run(struct load *load, const char *mode) {
  if (strcmp(mode, "idle") == 0) {
    run_idle(load);
    return 0;
  }
  if (load->bytes == 0) return usage();
  if (strcmp(mode, "echo") == 0 || strcmp(mode, "stream") == 0) run_echo(load);
  else if (strcmp(mode, "churn") == 0) run_churn(load);
  else if (strcmp(mode, "fetch") == 0) run_fetch(load);
  else if (strcmp(mode, "http") == 0) run_http(load);
  else if (strcmp(mode, "paced") == 0 && load->interval > 0) run_paced(load);
  else if (strcmp(mode, "datagrams") == 0 && load->window > 0) run_datagrams(load);
  else return usage();
  print_result(load);
  return 0;
}

int main(int count, char **arguments) {
  static struct load load;
  if (count < 9) return usage();
  load.server.sin_family = AF_INET;
  load.server.sin_port = htons((uint16_t)atoi(arguments[2]));
  if (inet_pton(AF_INET, arguments[1], &load.server.sin_addr) != 1) return usage();
  load.connections = (unsigned)atoi(arguments[4]);
  load.bytes = strtoul(arguments[5], NULL, 10);
  load.duration = (uint64_t)(atof(arguments[6]) * 1e9);
  load.warmup = (uint64_t)(atof(arguments[7]) * 1e9);
  load.server_process = atoi(arguments[8]);
  for (int index = 9; index < count; index++) {
    if (!take_setting(&load, arguments[index])) return usage();
  }
  if (load.connections == 0) return usage();
  allow_many_descriptors();
  // The markers are for whoever reads along, so they must not wait in a buffer.
  setvbuf(stdout, NULL, _IOLBF, 0);
  return run(&load, arguments[3]);
}
