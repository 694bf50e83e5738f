// Many connections that say nothing.
import { execFileSync } from 'node:child_process';
import { start } from '../support/program';
import { sanitized } from '../support/sanitized';
import '../support/tidy-up';

const FIRST = 4000;

describe('idle connections', () => {
  test('R3.16: 10,000 idle connections cost little memory and no time', async () => {
    const limit = Number(execFileSync('sh', ['-c', 'ulimit -n'], { encoding: 'utf8' }));
    const count = Number.isNaN(limit) ? 10_000 : Math.min(10_000, limit - 100);
    if (count < 10_000)
      console.log(`ulimit -n is ${limit}: ${count} connections in place of 10,000`);
    const server = start('epoll/programs/idle.mjs', {
      parameters: [count],
      node: ['--expose-gc'],
    });
    const { port } = await server.next<{ port: number }>();
    // What a first use allocates (code that is compiled anew, pools, arenas) is no connection's, so
    // it comes before.
    const first = start('epoll/programs/connect-many.mjs', { parameters: [port, FIRST] });
    expect(await first.next()).toEqual({ connected: FIRST });
    server.send({ first: FIRST });
    expect(await server.next()).toEqual({ ready: true });
    const many = count - FIRST;
    const clients = start('epoll/programs/connect-many.mjs', { parameters: [port, many] });
    expect(await clients.next()).toEqual({ connected: many });
    server.send({ connected: count });
    const report = await server.next<Record<string, number>>();
    console.log(
      `${count} idle connections: ${report.wasm} bytes of Wasm memory each, ` +
        `${Math.round(report.resident as number)} bytes of resident memory each, ` +
        `${((report.share as number) * 100).toFixed(1)} % of a core`,
    );
    expect(report.opened).toBe(count);
    expect(report.wasm).toBeLessThanOrEqual(160);
    if (!sanitized) expect(report.resident).toBeLessThanOrEqual(512);
    expect(report.share).toBeLessThan(0.02);
    expect(report.turns).toBeLessThan(5);
    // Idle is not dead.
    clients.send({ speak: true });
    expect(await clients.next()).toEqual({ answers: Math.ceil(many / 97) });
  }, 60_000);
});
