// What a kernel may answer, and does so rarely: the calls are interrupted or refused by strace, and
// some of what the host is made of is switched off.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Counters } from '../../src';
import { scratchFolder } from '../cli/run';
import { testWith, traces } from '../support/commands';
import { converse } from '../support/echoes';
import { injectionMissing, refusesRequests, startInjected } from '../support/injected';
import { dial } from '../support/peer';
import { type Program, start } from '../support/program';
import { onRing, ringMissing } from '../support/ring';
import '../support/tidy-up';

jest.setTimeout(60_000);

const scratch = scratchFolder();
const traced = testWith(ringMissing === '' && traces, 'io_uring, or strace that may trace');

type Report = Counters & { readonly errors: readonly string[] };

function startEcho(through: readonly string[], environment: readonly string[] = []): Program {
  const command = environment.length > 0 ? ['env', ...environment, ...through] : through;
  return start('uring/programs/echo.mjs', { through: command });
}

function strace(log: string, ...words: string[]): string[] {
  const traced = ['-e', 'trace=io_uring_enter', ...words];
  return ['strace', '-f', '-qq', '-o', join(scratch, log), ...traced];
}

/** What it says of itself when its clients have gone. */
async function served(program: Program, clients = 8, messages = 10): Promise<Report> {
  const { port } = await program.next<{ port: number }>();
  await converse(port, clients, messages);
  program.send({});
  return program.next<Report>();
}

const refused = testWith(
  ringMissing === '' && injectionMissing === '' && refusesRequests,
  'io_uring of Linux 6.10, or a library to preload',
);

/** Which of ten clients, who come one by one, are served while such requests are refused. */
async function servedWhile(
  call: string,
  error: 'ENOMEM' | 'ENOSPC' | 'EPERM',
  when: { readonly first: number; readonly every: number },
  environment: readonly string[] = [],
): Promise<{ served: number; errors: readonly string[]; waits: number }> {
  const fault = { call, error, ...when };
  const { program, met } = startInjected(
    'faults/programs/any-host.mjs',
    ['uring'],
    [fault],
    environment,
  );
  const { port } = await program.next<{ port: number }>();
  let served = 0;
  for (let place = 0; place < 10; place++) {
    const peer = await dial(port);
    await Promise.race([peer.write('x').then(() => peer.arrived(1)), peer.ended]);
    served += peer.receivedLength;
  }
  expect(met()[call]).toBeGreaterThan(0);
  program.send({ measure: true });
  const { waits } = await program.next<{ waits: number }>();
  program.send({});
  const { errors } = await program.next<Report>();
  return { served, errors, waits };
}

refused('R0.18: what the kernel will not watch is closed, by name', async () => {
  const readiness = ['CALANDRIA_WITHOUT=io_uring_multishot'];
  const [connection, listener] = await Promise.all([
    servedWhile('IORING_OP_POLL_ADD', 'ENOMEM', { first: 3, every: 0 }, readiness),
    servedWhile('IORING_OP_POLL_ADD', 'EPERM', { first: 1, every: 0 }),
  ]);
  expect(connection).toEqual({ served: 9, errors: ['ENOMEM read'], waits: 0 });
  expect(listener).toEqual({ served: 0, errors: ['EPERM accept'], waits: 0 });
});

refused('a listener that the kernel will not accept ahead for is served by calls', async () => {
  const accepting = await servedWhile('IORING_OP_ACCEPT', 'ENOSPC', { first: 1, every: 1 });
  expect(accepting).toEqual({ served: 10, errors: [], waits: 0 });
});

traced('R3.12: interrupted, a call is made again, and the echo does not notice', async () => {
  const inject = ['-e', 'inject=io_uring_enter:error=EINTR:when=3+2'];
  const report = await served(startEcho(strace('interrupted', ...inject)));
  expect(report).toMatchObject({ bytesIn: 800, bytesOut: 800, errors: [] });
  expect(report.hostInterrupted).toBeGreaterThan(50);
});

traced('without memory for a request, it is asked again', async () => {
  const inject = ['-e', 'inject=io_uring_enter:error=EAGAIN:when=4+3'];
  const report = await served(startEcho(strace('again', ...inject)));
  expect(report).toMatchObject({ bytesIn: 800, bytesOut: 800, errors: [] });
});

traced('without memory for longer, what was not sent is sent later, and once', async () => {
  // A hundred attempts, and then it is given up for this turn: three times in a row.
  const inject = ['-e', 'inject=io_uring_enter:error=EAGAIN:when=30..330'];
  const report = await served(startEcho(strace('later', ...inject)));
  expect(report).toMatchObject({ bytesIn: 800, bytesOut: 800, errors: [] });
  expect(report.hostWaits).toBeGreaterThan(330);
});

traced('a ring that is lost ends the reactor by name, and every connection with it', async () => {
  // As when somebody else closed its descriptor, and another file has that number now.
  const inject = ['-e', 'inject=io_uring_enter:error=EOPNOTSUPP:when=30+'];
  const program = startEcho(strace('lost', ...inject));
  const { port } = await program.next<{ port: number }>();
  const peer = await dial(port);
  const lost = program.next<{ code: string; message: string }>();
  for (let sent = 1; sent <= 60 && !peer.socket.destroyed; sent++) {
    await peer.write('again');
    await Promise.race([peer.arrived(5 * sent), peer.ended]);
  }
  const { code, message } = await lost;
  expect(code).toBe('ERR_CALANDRIA_HOST');
  expect(message).toMatch(/^Host uring cannot wait for events any more \(.*\), and the reactor is/);
  await peer.ended;
  await program.kill();
  const calls = readFileSync(join(scratch, 'lost'), 'utf8').match(/EOPNOTSUPP/g) ?? [];
  expect(calls.length).toBeGreaterThan(0);
  expect(calls.length).toBeLessThan(10);
});

traced('the counters say what strace sees', async () => {
  const log = 'counted';
  const calls = 'trace=io_uring_enter,recvfrom,sendto,sendmsg,accept4';
  const program = start('uring/programs/echo.mjs', {
    through: ['strace', '-f', '-qq', '-o', join(scratch, log), '-e', calls],
  });
  const report = await served(program, 4, 50);
  await program.kill();
  const lines = readFileSync(join(scratch, log), 'utf8').split('\n');
  const seen = (call: string): number => lines.filter((line) => line.includes(`${call}(`)).length;
  expect(seen('recvfrom')).toBe(report.hostReceives);
  expect(seen('accept4')).toBe(report.hostAccepts);
  expect(seen('sendto') + seen('sendmsg')).toBe(report.hostSends);
  // Those of the report itself come after it.
  expect(seen('io_uring_enter')).toBeGreaterThanOrEqual(report.hostWaits);
  expect(seen('io_uring_enter')).toBeLessThan(report.hostWaits + 10);
});

onRing('without multishot there is readiness, and sends leave together all the same', async () => {
  const report = await served(startEcho([], ['CALANDRIA_WITHOUT=io_uring_multishot']));
  expect(report).toMatchObject({ bytesIn: 800, bytesOut: 800, errors: [], hostSends: 0 });
  // Each is read by a call of its own, and another sees that it was all; and so is each end.
  expect(report.hostReceives).toBe(2 * 80 + 8);
  expect(report.hostAccepts).toBe(8);
});
