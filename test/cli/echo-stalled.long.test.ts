// calandria echo waits for who does not read, but not for ever.
import { dial, stall, startEcho, stopEcho } from './run';

it('gives up on a peer that does not read after five seconds', async () => {
  const server = await startEcho();
  const socket = await dial(server.port);
  socket.on('error', () => {});
  await stall(socket);
  const begin = performance.now();
  expect((await stopEcho(server)).code).toBe(0);
  const took = performance.now() - begin;
  expect(took).toBeGreaterThan(4500);
  expect(took).toBeLessThan(9000);
  socket.destroy();
});
