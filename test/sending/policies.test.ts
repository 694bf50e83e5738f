// Policies: when small segments leave, as the other end counts and times them (TCP_INFO, tcp(7)).
import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Connection, chooseHost, type Policy } from '../../src';
import { compile, compiles, testWith } from '../support/commands';
import { pattern } from '../support/conformance';
import { dial } from '../support/peer';
import { serve } from '../support/serve';
import '../support/tidy-up';

/** Asks so often for so many bytes; prints the 99th percentile (us) and the segments with data. */
const CLIENT = `
#include <arpa/inet.h>
#include <netinet/in.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <linux/tcp.h>
#include <time.h>
#include <unistd.h>
static int order(const void* a, const void* b) {
  double left = *(const double*)a, right = *(const double*)b;
  return left < right ? -1 : left > right;
}
int main(int count, char** words) {
  if (count < 4) return 2;
  int rounds = atoi(words[2]), length = atoi(words[3]);
  struct sockaddr_in name = {.sin_family = AF_INET, .sin_port = htons(atoi(words[1]))};
  name.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  int fd = socket(AF_INET, SOCK_STREAM, 0);
  if (connect(fd, (struct sockaddr*)&name, sizeof name) < 0) return 3;
  double* times = calloc(rounds, sizeof *times);
  static char bytes[1 << 20];
  for (int round = 0; round < rounds; round++) {
    struct timespec from, to;
    clock_gettime(CLOCK_MONOTONIC, &from);
    if (write(fd, "?", 1) != 1) return 4;
    for (int got = 0; got < length;) {
      ssize_t part = read(fd, bytes, sizeof bytes);
      if (part <= 0) return 5;
      got += part;
    }
    clock_gettime(CLOCK_MONOTONIC, &to);
    times[round] = (to.tv_sec - from.tv_sec) * 1e6 + (to.tv_nsec - from.tv_nsec) / 1e3;
  }
  qsort(times, rounds, sizeof *times, order);
  struct tcp_info information = {0};
  socklen_t size = sizeof information;
  getsockopt(fd, IPPROTO_TCP, TCP_INFO, &information, &size);
  printf("%.0f %u", times[rounds * 99 / 100], information.tcpi_data_segs_in);
  return 0;
}`;

const folder = mkdtempSync(join(tmpdir(), 'calandria-policies-'));
let client: ReturnType<typeof compile> | undefined;

afterAll(() => {
  client?.done();
  rmSync(folder, { recursive: true });
});

const ROUNDS = 200;
/** us: half of what TCP delays an acknowledgement by (tcp(7), TCP_QUICKACK). */
const STEP = 20_000;

async function asked(
  port: number,
  rounds: number,
  length: number,
): Promise<{ p99: number; segments: number }> {
  client ??= compile(CLIENT);
  const child = spawn(client.file, [String(port), String(rounds), String(length)]);
  let output = '';
  child.stdout.on('data', (chunk) => {
    output += chunk;
  });
  const code = await new Promise((resolve) => child.once('close', resolve));
  if (code !== 0) throw new Error(`the client ended with ${code}`);
  const [p99 = 0, segments = 0] = output.split(' ').map(Number);
  return { p99, segments };
}

/**
 * The best of five: a machine with other work is late now and then, while an acknowledgement that
 * somebody waits for is late each time.
 */
async function askedQuietly(port: number, length: number): ReturnType<typeof asked> {
  let best = await asked(port, ROUNDS, length);
  for (let again = 0; again < 4 && best.p99 >= STEP; again++) {
    const next = await asked(port, ROUNDS, length);
    if (next.p99 < best.p99) best = next;
  }
  return best;
}

const measured = testWith(compiles, 'compiler');
// node:net cannot be told that more follows.
const joined = chooseHost().name === 'node' ? testWith(false, 'MSG_MORE') : measured;
const POLICIES: readonly Policy[] = ['latency', 'bulk', 'auto'];

describe('policies', () => {
  for (const policy of POLICIES) {
    measured(`R2.28: request and response know no step of 40 ms (${policy})`, async () => {
      const respond = (connection: Connection): void => {
        connection.write('head');
        connection.write(Buffer.alloc(3000, 'b'));
        connection.write('tail');
      };
      const { port } = await serve({ data: respond }, {}, { port: 0, policy });
      const { p99, segments } = await askedQuietly(port, 3008);
      console.log(`${policy}: p99 ${p99} us, ${segments / ROUNDS} segments a response`);
      expect(p99).toBeLessThan(STEP);
      // One turn's writes to one connection leave in one send.
      expect(segments).toBeLessThanOrEqual(ROUNDS * 1.05);
    });

    joined(`R2.29: head and file in one segment, without a step of 40 ms (${policy})`, async () => {
      const path = join(folder, policy);
      writeFileSync(path, pattern(4000));
      const served = await serve(
        {
          data(connection) {
            connection.write('head');
            void connection.sendFile(file, 0, 4000);
          },
        },
        {},
        { port: 0, policy },
      );
      const file = await served.reactor.openFile(path);
      const { p99, segments } = await askedQuietly(served.port, 4004);
      expect(p99).toBeLessThan(STEP);
      expect(segments).toBeLessThanOrEqual(ROUNDS * 1.05);
    });
  }

  measured('R2.29: without it they are two', async () => {
    const path = join(folder, 'apart');
    writeFileSync(path, pattern(4000));
    const served = await serve({
      data(connection) {
        connection.write('head');
        // A turn later: each leaves at once.
        served.reactor.setTimer(1, () => void connection.sendFile(file, 0, 4000));
      },
    });
    const file = await served.reactor.openFile(path);
    const { segments } = await asked(served.port, ROUNDS, 4004);
    expect(segments).toBeGreaterThan(ROUNDS * 1.9);
  });

  measured('R2.28: auto holds back what is only the beginning; setPolicy changes it', async () => {
    const PIECES = 500;
    const other: Connection[] = [];
    let policy: Policy = 'latency';
    const served = await serve({
      open: (connection) => void other.push(connection),
      data(connection) {
        connection.setPolicy(policy);
        // Between the pieces of one lie those of another, so that each stays a piece.
        for (let piece = 0; piece < PIECES; piece++) {
          connection.write('0123456789');
          other[0]?.write('x');
        }
      },
    });
    const { port } = served;
    const counts: Record<string, number> = {};
    for (const next of ['latency', 'auto'] as const) {
      policy = next;
      other.length = 0;
      await dial(port);
      await served.tap.when(() => other.length === 1);
      const { segments } = await asked(port, 20, 10 * PIECES);
      counts[next] = segments / 20;
    }
    console.log(`segments of ${PIECES} pieces: ${JSON.stringify(counts)}`);
    expect(counts.auto).toBeLessThan(0.5 * (counts.latency as number));
  });

  test('a policy that does not exist is refused by name', async () => {
    const { reactor } = await serve({});
    const options = { port: 0, policy: 'fast' as Policy };
    const refused = expect.objectContaining({ code: 'ERR_CALANDRIA_BAD_OPTION' });
    expect(() => reactor.listen(options, {})).toThrow(refused);
    expect(() => reactor.connect({ ...options, port: 1 }, {})).toThrow(refused);
  });
});
