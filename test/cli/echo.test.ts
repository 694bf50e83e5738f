// calandria echo: its line, its signals, its exit codes.
import { once } from 'node:events';
import { type AddressInfo, createServer, type Socket } from 'node:net';
import { dial, exchange, run, scratchFolder, stall, startEcho, stopEcho } from './run';

const folder = scratchFolder();

describe('echo', () => {
  it.each(['SIGTERM', 'SIGINT'] as const)(
    'prints one line, echoes, and exits 0 on %s',
    async (signal) => {
      const server = await startEcho();
      const socket = await dial(server.port);
      expect(await exchange(socket, 'are you there?')).toBe('are you there?');
      socket.end();
      await once(socket, 'close');
      server.child.kill(signal);
      const { code, stdout, stderr } = await server.outcome;
      expect(stdout).toBe(`listening on 127.0.0.1:${server.port}\n`);
      expect(stderr).toBe('');
      expect(code).toBe(0);
    },
  );

  it('listens on the port and address it is given', async () => {
    const { port } = await freePort();
    const server = await startEcho(['--port', String(port), '--address', 'localhost']);
    expect((await stopEcho(server)).stdout).toBe(`listening on 127.0.0.1:${port}\n`);
  });

  it('runs on the host it is told to', async () => {
    const server = await startEcho(['--host', 'node']);
    const socket = await dial(server.port);
    expect(await exchange(socket, 'hello')).toBe('hello');
    socket.end();
    await once(socket, 'close');
    expect((await stopEcho(server)).code).toBe(0);
  });

  it('answers everything that was on its way when the signal came', async () => {
    const server = await startEcho();
    const socket = await dial(server.port);
    const size = 1 << 20;
    socket.pause();
    await new Promise((resolve) => socket.write(Buffer.alloc(size, 'x'), resolve));
    server.child.kill('SIGTERM');
    const [{ code }, received] = await Promise.all([server.outcome, receiveAll(socket)]);
    expect({ code, received }).toEqual({ code: 0, received: size });
  });

  it('goes on sending what it holds after the signal, and accepts nobody meanwhile', async () => {
    const server = await startEcho();
    const socket = await dial(server.port);
    await stall(socket);
    server.child.kill('SIGTERM');
    await expectRefused(server.port);
    expect(server.child.exitCode).toBeNull();
    // How much it is depends on the kernels' buffers: this peer has never stopped sending.
    const [{ code }, received] = await Promise.all([server.outcome, receiveAll(socket)]);
    expect(code).toBe(0);
    expect(received).toBeGreaterThan(0);
  });

  it('does not wait after a second signal', async () => {
    const server = await startEcho();
    const socket = await dial(server.port);
    socket.on('error', () => {});
    await stall(socket);
    const begin = performance.now();
    server.child.kill('SIGTERM');
    await expectRefused(server.port);
    expect(server.child.exitCode).toBeNull();
    server.child.kill('SIGTERM');
    expect((await server.outcome).code).toBe(0);
    expect(performance.now() - begin).toBeLessThan(4000);
    socket.destroy();
  });

  it('names a port that is taken, and exits 2', async () => {
    const { port, close } = await freePort({ keep: true });
    const { code, stdout, stderr } = await run(['echo', '--port', String(port)]);
    close();
    expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
    expect(stderr).toContain('EADDRINUSE');
    expect(stderr).toContain(String(port));
    expect(stderr).toContain('--port 0');
    expect(stderr).not.toMatch(/^\s+at /m);
  });

  it.each([
    [['--port', '70000'], '70000'],
    [['--port', 'http'], 'http'],
    [['--address', 'nowhere.example'], 'nowhere.example'],
    [['--address', '203.0.113.1'], '203.0.113.1'],
    [['--host', 'abacus'], 'abacus'],
    [['--payload', 'some'], 'some'],
    [['--record', `${folder}/missing/echo.trace`], `${folder}/missing/echo.trace`],
    [['surplus'], 'echo'],
  ])('refuses %j with exit code 2, naming the value', async (given, named) => {
    const { code, stdout, stderr } = await run(['echo', ...given]);
    expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
    expect(stderr).toContain(named);
    expect(stderr).not.toMatch(/^\s+at /m);
  });
});

/** Reads until the connection is over; resolves with the number of bytes. */
async function receiveAll(socket: Socket): Promise<number> {
  let received = 0;
  socket.on('data', (bytes: Buffer) => {
    received += bytes.length;
  });
  socket.on('error', () => {});
  const closed = once(socket, 'close');
  socket.resume();
  await closed;
  return received;
}

/** Waits until nobody listens any more. */
async function expectRefused(port: number): Promise<void> {
  for (;;) {
    const refused = await dial(port).then(
      (socket) => {
        socket.on('error', () => {});
        socket.destroy();
        return false;
      },
      () => true,
    );
    if (refused) return;
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

async function freePort({ keep = false } = {}): Promise<{ port: number; close(): void }> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  if (!keep) {
    server.close();
    await once(server, 'close');
  }
  return { port, close: () => server.close() };
}
