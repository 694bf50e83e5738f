// Links and addresses, in a network namespace of its own (`unshare -n`), where they may be changed.
//
// Usage: network.mjs SCENE [TRACE]

import { execFileSync } from 'node:child_process';
import { createReactor, epoll, openTrace, record, replayCore, replayProgram } from 'calandria';

const [, , scene, file] = process.argv;

function ip(...parameters) {
  execFileSync('ip', parameters, { stdio: 'pipe' });
}

/** Tells what it hears, and closes the reactor when lo is down. */
function listen(reactor, lines, finished) {
  return reactor.watchNetwork({
    link: (_, { name, up, removed }) => {
      lines.push(`${name} ${removed ? 'gone' : up ? 'up' : 'down'}`);
      if (name === 'lo' && !up) void reactor.close().then(finished);
    },
    address: (_, { added, family, address, prefix }) =>
      void lines.push(`${added ? '+' : '-'} ${family} ${address}/${prefix}`),
    close: () => lines.push('close'),
  });
}

const SCENES = {
  /** lo up and down, recorded and replayed. */
  async lo() {
    const lines = [];
    const reactor = createReactor({ host: record(epoll(), file) });
    await new Promise((resolve) => {
      listen(reactor, lines, resolve)
        .ready()
        .then(() => {
          ip('link', 'set', 'lo', 'up');
          ip('address', 'add', '10.1.2.3/24', 'dev', 'lo');
          ip('address', 'del', '10.1.2.3/24', 'dev', 'lo');
          ip('link', 'set', 'lo', 'down');
        });
    });
    const again = [];
    const program = await replayProgram(openTrace(file), (replayed) => {
      listen(replayed, again, () => {});
    });
    return {
      lines,
      again,
      core: replayCore(openTrace(file)).verdict,
      program: program.verdict,
    };
  },
  /** More changes than the socket holds while nobody reads. */
  async overrun() {
    const reactor = createReactor({ host: epoll() });
    const heard = [];
    const watch = reactor.watchNetwork(
      {
        address: () => heard.push('address'),
        overrun: () => heard.push('overrun'),
        error: (_, error) => heard.push(error.code),
      },
      { receiveBuffer: 4096 },
    );
    await watch.ready();
    watch.read(0);
    for (let last = 1; last <= 40; last++) ip('address', 'add', `10.1.2.${last}/32`, 'dev', 'lo');
    watch.read(Number.POSITIVE_INFINITY);
    const settled = () => new Promise((resolve) => reactor.setTimer(1, () => resolve()));
    while (!heard.includes('overrun')) await settled();
    const { eof } = watch.rx;
    const before = heard.length;
    ip('address', 'add', '10.1.3.1/32', 'dev', 'lo');
    while (heard.length === before) await settled();
    await reactor.close();
    return { heard: [...new Set(heard)], last: heard.at(-1), lost: heard.length < 42, eof };
  },
};

process.send(await SCENES[scene]());
process.disconnect();
