// Streams that come in odd pieces, or with urgent data inside.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { type Connection, createReactor } from '../../src/index';
import { compile, compiles, testWith } from '../support/commands';
import { dial } from '../support/peer';
import { start } from '../support/program';
import { serve } from '../support/serve';
import '../support/tidy-up';

/** Sends the alphabet's parts with an urgent byte between each two, in one go or in steps. */
const URGENT_SENDER = `
#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

int main(int count, char **arguments) {
  struct sockaddr_in name = {.sin_family = AF_INET, .sin_port = htons(atoi(arguments[1]))};
  const int rounds = atoi(arguments[2]);
  const int one = 1;
  inet_pton(AF_INET, "127.0.0.1", &name.sin_addr);
  const int fd = socket(AF_INET, SOCK_STREAM, 0);
  setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
  if (connect(fd, (struct sockaddr *)&name, sizeof name) < 0) return 1;
  for (int round = 0; round < rounds; round++) {
    if (send(fd, "0123456789", 10, 0) != 10) return 2;
    if (send(fd, "!", 1, MSG_OOB) != 1) return 3;
    if (send(fd, "abcdefghij", 10, 0) != 10) return 4;
  }
  shutdown(fd, SHUT_WR);
  char byte;
  return read(fd, &byte, 1) == 0 ? 0 : 5;
}
`;

describe('urgent data', () => {
  const urgent = testWith(compiles, 'C compiler');

  async function sendUrgent(port: number, rounds: number): Promise<void> {
    const { file, done } = compile(URGENT_SENDER);
    const child = spawn(file, [String(port), String(rounds)]);
    const [code] = (await once(child, 'exit')) as [number];
    done();
    expect(code).toBe(0);
  }

  urgent('every normal byte arrives, though a read stops at the mark', async () => {
    const chunks: Buffer[] = [];
    const heard: string[] = [];
    const served = await serve({
      // Everything is there before the first read, so that the mark lies in the middle.
      open: (connection) => connection.read(0),
      change(connection) {
        if (connection.rx.eof) connection.read(Infinity);
      },
      data: (_, bytes) => void chunks.push(Buffer.from(bytes)),
      close: () => void heard.push('close'),
    });
    await sendUrgent(served.port, 1);
    await served.tap.when(() => heard.includes('close'));
    expect(chunks.length).toBeGreaterThan(1);
    expect(String(Buffer.concat(chunks))).toBe('0123456789abcdefghij');
  });

  urgent('marks all over a long stream lose nothing and leave nothing waiting', async () => {
    const rounds = 500;
    const chunks: Buffer[] = [];
    let closed = false;
    const served = await serve({
      data: (_, bytes) => void chunks.push(Buffer.from(bytes)),
      close() {
        closed = true;
      },
    });
    await sendUrgent(served.port, rounds);
    await served.tap.when(() => closed);
    // An urgent byte that a later one overtakes becomes a normal one (tcp(7)): those may come,
    // marked.
    const normal = String(Buffer.concat(chunks)).replaceAll('!', '');
    expect(normal).toBe('0123456789abcdefghij'.repeat(rounds));
  });
});

describe('pieces', () => {
  test('a dribble of single bytes is echoed byte by byte, in order', async () => {
    const total = 2000;
    const served = await serve({ data: (connection, bytes) => void connection.write(bytes) });
    const peer = await dial(served.port);
    for (let place = 0; place < total; place++) {
      await peer.write(Uint8Array.of(place & 0xff));
      if (place % 10 === 0) await peer.receive(place + 1);
    }
    const received = await peer.receive(total);
    expect(received.every((byte, place) => byte === (place & 0xff))).toBe(true);
    expect(served.reactor.counters.bytesIn).toBe(total);
    expect(served.reactor.counters.readsEmpty).toBe(0);
  });

  test('64 MiB reach a reader that reads slowly: all of it, in bounded memory', async () => {
    const total = 64 << 20;
    const sender = start('faults/programs/send-much.mjs', {
      parameters: [total],
      node: ['--expose-gc'],
    });
    const { port } = await sender.next<{ port: number }>();
    const reader = start('faults/programs/read-slowly.mjs', { parameters: [port] });
    const [sent, read] = await Promise.all([
      sender.next<{ digest: string; queuedMost: number; limit: number; grown: number }>(),
      reader.next<{ digest: string; length: number }>(),
    ]);
    expect(read.length).toBe(total);
    expect(read.digest).toBe(sent.digest);
    expect(sent.queuedMost).toBeGreaterThan(0);
    expect(sent.queuedMost).toBeLessThanOrEqual(sent.limit);
    // The kernel's share is not in it; the queue, the arenas and the program's own buffers are.
    expect(sent.grown).toBeLessThan(24 << 20);
  });

  test('64 MiB from a fast writer wait in the kernel for a small appetite', async () => {
    const total = 64 << 20;
    const step = 256 << 10;
    let taken = 0;
    let largest = 0;
    const served = await serve({
      open: (connection: Connection) => connection.read(step),
      data(connection, bytes) {
        taken += bytes.length;
        largest = Math.max(largest, bytes.length);
        if (taken % step === 0) connection.read(step);
        else connection.read(step - (taken % step));
      },
    });
    const writer = start('faults/programs/write-much.mjs', { parameters: [served.port, total] });
    await served.tap.when(() => taken === total);
    expect(largest).toBeLessThanOrEqual(step);
    expect(served.reactor.counters.bytesIn).toBe(total);
    expect(await writer.next()).toEqual({ written: total });
  });

  test('a write larger than the queue is refused whole, and nothing of it is sent', async () => {
    const reactor = createReactor({ host: 'epoll', limits: { queueBytes: 1000 } });
    const told: string[] = [];
    const listener = reactor.listen(
      { port: 0 },
      {
        open(connection) {
          try {
            connection.write(new Uint8Array(1001));
          } catch (error) {
            told.push((error as NodeJS.ErrnoException).code ?? '');
          }
          connection.end('small');
        },
      },
    );
    const { port } = await listener.ready();
    const peer = await dial(port);
    await peer.ended;
    expect(told).toEqual(['ERR_CALANDRIA_QUEUE_FULL']);
    expect(String(peer.received)).toBe('small');
    await reactor.close();
  });
});
