// The echo of examples/echo-state.mjs, under load.

import { start } from '../support/program';
import { sanitized } from '../support/sanitized';
import '../support/tidy-up';

describe('echo by state', () => {
  test.each([
    [100, 1 << 20],
    [4, 24 << 20],
  ])(
    'R1.10: %i slow readers get all of %i bytes back, and no more than a window is held',
    async (clients, length) => {
      const server = start('epoll/programs/echo-state.mjs', { node: ['--expose-gc'] });
      const { port } = await server.next<{ port: number }>();
      const readers = start('epoll/programs/slow-readers.mjs', {
        parameters: [port, clients, length],
      });
      const { received, same } = await readers.next<{ received: number; same: boolean }>();
      expect(received).toBe(clients * length);
      expect(same).toBe(true);
      server.send({ report: true });
      const report = await server.next<Record<string, number>>();
      expect(report.bytesIn).toBe(clients * length);
      expect(report.bytesOut).toBe(clients * length);
      expect(report.most).toBeLessThanOrEqual(report.window as number);
      // The arenas once, and a little for each connection; not what the clients sent.
      if (!sanitized) expect(report.grown).toBeLessThan(32 << 20);
      expect(report.hostControls).toBe(1 + clients);
      // More than the kernel's buffers hold: the clients really did not keep up.
      if (length > 16 << 20) expect(report.turnedAway).toBeGreaterThan(0);
    },
  );
});
