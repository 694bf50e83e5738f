// An echo on the host that the parameters name (and, of epoll, with that registration and so many
// notifiers), which says what went wrong, and what a pause costs.
import { closeSync, fstatSync, openSync, readdirSync, readlinkSync } from 'node:fs';
import { createReactor, epoll } from 'calandria';

const [name, registration, notifiers = '1'] = process.argv.slice(2);

/** Descriptors that the kernel calls so. */
function descriptorsOf(kind) {
  return readdirSync('/proc/self/fd')
    .map(Number)
    .filter((fd) => {
      try {
        const file = readlinkSync(`/proc/self/fd/${fd}`);
        return file === `anon_inode:[${kind}]` || file.startsWith(`${kind}:[`);
      } catch {
        return false;
      }
    });
}

/** Opens a file of this path so often that it has this number. */
function openAs(fd, path) {
  let opened;
  do opened = openSync(path, 'w+');
  while (opened < fd);
  if (opened !== fd) throw new Error(`number ${fd} is not free`);
}

/** What is open as this number, and how long it is. */
function fileOf(fd) {
  try {
    return { file: readlinkSync(`/proc/self/fd/${fd}`), length: fstatSync(fd).size };
  } catch {
    return {};
  }
}

const kinds = ['eventpoll', 'eventfd', 'timerfd', 'io_uring', 'pipe'];
const before = new Set(kinds.flatMap(descriptorsOf));
const errors = [];
/** One that was read, if any was. */
let file;
let caught = () => {};
process.on('uncaughtException', ({ code, message }) => caught({ code, message }));
const host = registration ? epoll({ registration, notifiers: Number(notifiers) }) : name;
const reactor = createReactor({ host });
const opened = Object.fromEntries(
  kinds.map((kind) => [kind, descriptorsOf(kind).filter((fd) => !before.has(fd))]),
);
const tell = (_, { code, syscall }) => void errors.push(`${code} ${syscall}`);
const listener = reactor.listen(
  { port: 0 },
  {
    data: (connection, bytes) => void connection.write(bytes),
    end: (connection) => connection.end(),
    error: tell,
    listenerError: tell,
  },
);

function measure() {
  const { turn, counters } = reactor;
  const { user, system } = process.cpuUsage();
  setTimeout(() => {
    const spent = process.cpuUsage();
    process.send({
      turns: reactor.turn - turn,
      waits: reactor.counters.hostWaits - counters.hostWaits,
      processor: (spent.user + spent.system - user - system) / 1000,
    });
  }, 200);
}

process.on('message', async (message) => {
  if (message.measure) return measure();
  // What announces that files were read is made with the first.
  if (message.file) {
    file = await reactor.openFile(message.file);
    await file.stat();
    opened.announcer = descriptorsOf('eventfd').filter(
      (fd) => !before.has(fd) && !opened.eventfd.includes(fd),
    );
    return process.send({});
  }
  // A deadline that is there before; the answer comes when the reactor is armed for it.
  if (message.deadline) {
    reactor.setTimer(message.deadline, () => {});
    reactor.setTimer(0, () => void setImmediate(() => process.send({})));
    return;
  }
  if (message.close) {
    const fd = opened[message.close][message.place];
    closeSync(fd);
    if (message.path) openAs(fd, message.path);
    // Somebody calls: the host looks.
    if (file) file.stat().catch(() => {});
    else if (!message.silent) reactor.setTimer(message.timer ?? 1, () => {});
    caught = (uncaught) =>
      setImmediate(() => process.send({ uncaught, closed: reactor.closed, ...fileOf(fd) }));
    return;
  }
  if (message.leave) return process.exit();
  // In a turn: what the last send came to is known by then.
  reactor.setTimer(0, () => process.send({ ...reactor.counters, errors }));
});
const { port } = await listener.ready();
process.send({ port, opened });
// Without its test there is nothing left to do.
process.once('disconnect', () => process.exit());
