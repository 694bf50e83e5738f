// The six ways not to wait: what each does, which of them changes a descriptor for everybody who
// shares it, and that ours do not.
import { execFileSync, spawn } from 'node:child_process';
import { readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { capabilities } from '../../src/index';
import { readText } from '../project/tree';
import { compile, compiles, testWith } from '../support/commands';
import { dial, type Peer } from '../support/peer';
import { start } from '../support/program';
import '../support/tidy-up';

const { features, missing } = capabilities();
const FLAGS = [
  'fionbio',
  'fnonblock',
  'msg_nbio',
  'msg_dontwait',
  'o_ndelay',
  'o_nonblock',
] as const;
/** Those of one call; the others are a state of the descriptor. */
const OF_ONE_CALL = ['MSG_DONTWAIT', 'MSG_NBIO'];

const compiling = testWith(compiles && missing === '', 'C compiler, or shim');

compiling(
  'R2.18 R2.19 R2.20 R2.21 R2.22 R2.23: each flag that is defined keeps a read from waiting',
  async () => {
    const { file, done } = compile(readText('test/host/programs/flags.c'));
    const lines = execFileSync(file, { encoding: 'utf8' }).trim().split('\n');
    done();
    for (const flag of FLAGS) {
      const { shown, available, value, reason } = features[flag];
      const said = lines.filter((line) => line.startsWith(`${shown} `));
      const where = OF_ONE_CALL.includes(shown) ? 'own' : 'shared';
      // Status flags on a socket and on a pipe; flags of one call on a socket.
      const times = available ? (where === 'own' ? 1 : 2) : 0;
      expect([shown, said]).toEqual([
        shown,
        Array.from({ length: times }, () => `${shown} ${value} EAGAIN ${where}`),
      ]);
      if (!available) expect(reason).toContain('the shim was built without it');
    }
    expect(features.o_nonblock.available).toBe(true);
    expect(features.msg_dontwait.available).toBe(true);
  },
);

/** pidfd_getfd(2) wants the right to trace. */
const borrows = compiles && process.platform === 'linux' && process.getuid?.() === 0;
const borrowing = testWith(borrows && features.epoll.available, 'root, C compiler, or epoll host');

/** The descriptor by which a process holds its side of a peer's connection. */
function descriptorOf(pid: number, peer: Peer): string {
  const local = (peer.socket.localPort as number).toString(16).toUpperCase().padStart(4, '0');
  const rows = readFileSync(`/proc/${pid}/net/tcp`, 'utf8').split('\n').slice(1);
  const row = rows
    .map((text) => text.trim().split(/\s+/))
    .find((at) => at[2]?.endsWith(`:${local}`));
  const fds = readdirSync(`/proc/${pid}/fd`);
  const found = fds.find((fd) => readlinkSync(`/proc/${pid}/fd/${fd}`) === `socket:[${row?.[9]}]`);
  if (found === undefined) throw new Error('the process holds no such connection');
  return found;
}

borrowing(
  'R2.21 R2.23: a descriptor that another process shares keeps its state, and does not block us',
  async () => {
    const program = start('host/programs/patient-echo.mjs');
    const { port } = await program.next<{ port: number }>();
    const peer = await dial(port);
    await peer.write('first');
    await peer.receive(5);
    const pid = program.child.pid as number;
    const { file, done } = compile(readText('test/host/programs/borrow.c'));
    const other = spawn(file, [String(pid), descriptorOf(pid, peer)]);
    const lines = createInterface({ input: other.stdout })[Symbol.asyncIterator]();
    const next = async () => (await lines.next()).value;
    const now = async () => {
      other.stdin.write('?\n');
      return next();
    };
    try {
      // As it was accepted; from here on the other process has made it blocking.
      expect(await next()).toBe('non-blocking');
      expect(await now()).toBe('blocking');

      // Nobody takes the answers: a write that waited would stop the whole server.
      peer.socket.pause();
      const length = 16 << 20;
      const written = peer.write(Buffer.alloc(length, 'x'));
      const bystander = await dial(port);
      const fellShort = async () => {
        program.send({});
        return (await program.next<{ short: number }>()).short > 0;
      };
      let received = 0;
      while (!(await fellShort())) {
        await bystander.write('served');
        received += 6;
        await bystander.receive(received);
      }
      await bystander.write('served');
      await bystander.receive(received + 6);
      expect(await now()).toBe('blocking');

      // And reads that find nothing left do not wait either.
      peer.socket.resume();
      await written;
      await peer.receive(5 + length);
      await bystander.write('served');
      await bystander.receive(received + 12);
      expect(await now()).toBe('blocking');
    } finally {
      other.kill();
      done();
    }
  },
);

/** Rows of the first table under a heading of flags.md, cells trimmed and without backquotes. */
function rowsUnder(heading: string): string[][] {
  const section = readText('docs/flags.md').split(`\n## ${heading}\n`)[1]?.split('\n## ')[0] ?? '';
  const lines = section.split('\n').filter((line) => line.startsWith('| '));
  return lines
    .slice(1)
    .map((line) => line.split('|').slice(1, -1))
    .map((cells) => cells.map((cell) => cell.trim().replaceAll('`', '')));
}

const documented = testWith(process.platform === 'linux' && missing === '', 'shim for Linux');

documented('flags.md: says of each flag what the probe says, of Linux', async () => {
  const rows = [...rowsUnder('Not waiting'), ...rowsUnder('Not being killed')];
  const stated = new Map(rows.map(([name, linux]) => [name, linux]));
  const groups = ['non-blocking', 'SIGPIPE'];
  const probed = Object.values(features).filter(({ group }) => groups.includes(group));
  for (const { shown, value, available, reason } of probed) {
    // Too new for this kernel is not "not on Linux".
    const refused = reason.startsWith('it was tried');
    const expected = available ? `0x${value?.toString(16)}` : 'no';
    const told = stated.get(shown);
    expect([shown, refused ? told !== 'no' && told !== undefined : told]).toEqual([
      shown,
      refused || expected,
    ]);
  }
});
