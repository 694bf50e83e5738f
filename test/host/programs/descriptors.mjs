// Holds one of everything that has a descriptor, and says which descriptors a child gets, before
// and after.
import { execFileSync } from 'node:child_process';
import { readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { capabilities, createReactor } from 'calandria';

/** What a program that is executed by this one finds open. */
function inherited() {
  const listing = execFileSync('ls', ['-l', '/proc/self/fd'], { encoding: 'utf8' });
  return listing.match(/(?<= )\d+ -> .*$/gm);
}

/** Of this process: number, what it is, and its flags (proc_pid_fdinfo(5)). */
function own() {
  return readdirSync('/proc/self/fd').flatMap((fd) => {
    try {
      const flags = /^flags:\s*(\d+)$/m.exec(readFileSync(`/proc/self/fdinfo/${fd}`, 'utf8'))[1];
      return [{ fd, what: readlinkSync(`/proc/self/fd/${fd}`), flags: Number.parseInt(flags, 8) }];
    } catch {
      // The listing's own.
      return [];
    }
  });
}

const before = { own: own(), inherited: inherited() };
capabilities();
const probed = own();
const reactor = createReactor({ host: 'epoll' });
const opened = [];
const done = new Promise((resolve) => {
  const handlers = {
    open(connection) {
      opened.push(connection);
      if (opened.length === 4) resolve();
    },
  };
  const path = `@calandria-${process.pid}`;
  for (const where of [{ port: 0 }, { path }]) {
    const listener = reactor.listen(where, handlers);
    listener
      .ready()
      .then(({ port }) => reactor.connect(where.path ? where : { port }, handlers), process.abort);
  }
});
reactor.setTimer(60_000, () => {});
await reactor.openFile(process.execPath);
await reactor.bindDatagram({ port: 0 }, {}).ready();
reactor.watchSignal('SIGUSR2', { signal() {} });
await done;
process.send({ before, probed, after: { own: own(), inherited: inherited() } });
// Without its test there is nothing left to do.
process.once('disconnect', () => process.exit());
