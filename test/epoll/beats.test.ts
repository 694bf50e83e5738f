// What only a kernel shows of timers and registrations.
import { connect } from 'node:net';
import { closeServed, serve } from '../support/serve';

afterEach(closeServed);

test('R0.6: a repeating timer does not drift: less than 5 ms in 2 s', async () => {
  const { reactor } = await serve({});
  const period = 20;
  const late: number[] = [];
  const began = performance.now();
  await new Promise<void>((resolve) => {
    let beats = 0;
    const beat = (expirations: number): boolean => {
      beats += expirations;
      late.push(performance.now() - began - beats * period);
      return beats * period >= 2000;
    };
    reactor.setTimer(
      period,
      (timer, expirations) => {
        if (!beat(expirations)) return;
        timer.cancel();
        resolve();
      },
      { repeat: true },
    );
  });
  // Any single beat may be late on a busy machine; the best of many say where the beat is.
  const best = (beats: number[]): number => Math.min(...beats);
  expect(best(late)).toBeGreaterThanOrEqual(0);
  expect(best(late.slice(-30)) - best(late.slice(0, 30))).toBeLessThan(5);
});

test('R0.18: a thousand connections cost a thousand registrations, and never another', async () => {
  const total = 1000;
  const served = await serve(
    { data: (connection, bytes) => void connection.write(bytes) },
    { limits: { connections: total + 10 } },
    { port: 0, backlog: total },
  );
  const before = served.reactor.counters.hostControls;
  const sockets = Array.from({ length: total }, () => connect(served.port, '127.0.0.1'));
  try {
    await served.opened(total);
    const echoed = sockets.map((socket) => {
      socket.write('hello');
      return new Promise((resolve) => socket.once('data', resolve));
    });
    await Promise.all(echoed);
    expect(served.reactor.counters.hostControls - before).toBe(total);
  } finally {
    for (const socket of sockets) socket.destroy();
  }
});
