// Time, and what comes from outside a turn: the rest of Node lives beside the reactor.
import { createServer, get } from 'node:http';
import type { AddressInfo } from 'node:net';
import {
  type Bench,
  ECHO,
  forEachHost,
  forEachKind,
  promised,
  Story,
} from '../support/conformance';

forEachHost('timers', timers, 'time');

function timers(bench: Bench): void {
  test('timers fire in the order of their times, and never early', async () => {
    const reactor = bench.reactor();
    const fired: number[] = [];
    const done = promised();
    const begin = process.hrtime.bigint();
    const early: number[] = [];
    for (const delay of [30, 5, 20, 1, 10, 0, 40, 15]) {
      reactor.setTimer(delay, () => {
        fired.push(delay);
        const passed = Number(process.hrtime.bigint() - begin) / 1e6;
        if (passed < delay) early.push(delay);
        if (delay === 40) done.resolve();
      });
    }
    await done.promise;
    expect(fired).toEqual([0, 1, 5, 10, 15, 20, 30, 40]);
    expect(early).toEqual([]);
  });

  test('thousands of timers for the same time all fire, though nothing else happens', async () => {
    const reactor = bench.reactor();
    const total = 3000;
    let fired = 0;
    await new Promise<void>((resolve) => {
      for (let started = 0; started < total; started++) {
        reactor.setTimer(20, () => {
          fired++;
          if (fired === total) resolve();
        });
      }
    });
    expect(fired).toBe(total);
  });

  test('a timer of less than a millisecond is not early either', async () => {
    const reactor = bench.reactor();
    for (let round = 0; round < 20; round++) {
      const begin = process.hrtime.bigint();
      await new Promise<void>((resolve) => {
        reactor.setTimer(0.3, () => resolve());
      });
      expect(Number(process.hrtime.bigint() - begin)).toBeGreaterThanOrEqual(300_000);
    }
  });

  test('timers for the same time fire in the order in which they were set', async () => {
    const reactor = bench.reactor();
    const fired: number[] = [];
    await new Promise<void>((resolve) => {
      for (let index = 0; index < 50; index++) {
        reactor.setTimer(3, () => {
          fired.push(index);
          if (index === 49) resolve();
        });
      }
    });
    expect(fired).toEqual(Array.from({ length: 50 }, (_, index) => index));
  });

  test('a repeating timer keeps its beat, and stops when it is cancelled', async () => {
    const reactor = bench.reactor();
    const begin = process.hrtime.bigint();
    let beats = 0;
    await new Promise<void>((resolve) => {
      reactor.setTimer(
        4,
        (timer, expirations) => {
          beats += expirations;
          if (beats < 5) return;
          timer.cancel();
          resolve();
        },
        { repeat: true },
      );
    });
    const passed = Number(process.hrtime.bigint() - begin) / 1e6;
    expect(passed).toBeGreaterThanOrEqual(4 * beats);
    await new Promise<void>((resolve) => {
      reactor.setTimer(20, () => resolve());
    });
    expect(beats).toBeLessThan(5 + passed / 4);
    expect(reactor.counters.timersFired).toBeLessThanOrEqual(beats + 1);
  });

  test('a cancelled timer does not fire', async () => {
    const reactor = bench.reactor();
    let fired = false;
    const timer = reactor.setTimer(2, () => {
      fired = true;
    });
    timer.cancel();
    await new Promise<void>((resolve) => {
      reactor.setTimer(10, () => resolve());
    });
    expect(fired).toBe(false);
  });

  test('now goes on from turn to turn and stands still within one', async () => {
    const reactor = bench.reactor();
    const seen: number[] = [];
    await new Promise<void>((resolve) => {
      reactor.setTimer(1, async () => {
        seen.push(reactor.now);
        await Promise.resolve();
        seen.push(reactor.now);
        reactor.setTimer(2, () => {
          seen.push(reactor.now);
          resolve();
        });
      });
    });
    const [first, same, later] = seen as [number, number, number];
    expect(same).toBe(first);
    expect(later).toBeGreaterThanOrEqual(first + 2);
  });
}

forEachKind('time', (bench) => {
  test('calls from timers, promises, immediates and ticks of Node wake the reactor', async () => {
    const story = new Story();
    const { place } = await bench.serve(
      story.of({
        open(connection) {
          setTimeout(() => {
            connection.write('timeout ');
            setImmediate(() => {
              connection.write('immediate ');
              setTimeout(() => {
                process.nextTick(() => connection.write('tick '));
                Promise.resolve().then(() => connection.end('promise'));
              }, 5);
            });
          }, 5);
        },
      }),
    );
    const client = bench.dial(place);
    await client.ended;
    expect(client.received.toString()).toBe('timeout immediate tick promise');
  });

  test('a call from an http handler wakes the reactor, and the reactor answers it', async () => {
    const { place, reactor } = await bench.serve(ECHO);
    const server = createServer((_, response) => {
      reactor.connect(place as { address: string; port: number }, {
        open: (connection) => connection.end('by way of http'),
        data: (_connection, bytes) => void response.end(Buffer.from(bytes)),
      });
    }).listen(0, '127.0.0.1');
    await new Promise((resolve) => server.once('listening', resolve));
    const body = await new Promise<string>((resolve) => {
      get({ port: (server.address() as AddressInfo).port, host: '127.0.0.1' }, (response) => {
        let text = '';
        response.on('data', (chunk) => {
          text += chunk;
        });
        response.on('end', () => resolve(text));
      });
    });
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
    expect(body).toBe('by way of http');
  });

  test('a busy reactor leaves Node its timers', async () => {
    const { place, reactor } = await bench.serve(ECHO);
    const client = bench.dial(place);
    let rounds = 0;
    client.socket.on('data', (bytes) => {
      rounds++;
      client.socket.write(bytes);
    });
    client.socket.write('round and round');
    const begin = process.hrtime.bigint();
    for (let beat = 0; beat < 10; beat++) await new Promise((resolve) => setTimeout(resolve, 5));
    expect(Number(process.hrtime.bigint() - begin) / 1e6).toBeLessThan(1000);
    expect(rounds).toBeGreaterThan(10);
    expect(reactor.counters.bytesIn).toBeGreaterThan(100);
  });
});
