// A chat: every line goes to everybody else.
//
//   node examples/chat.mjs [port]          then, in other terminals: nc 127.0.0.1 7008
//
// One slow reader must not make the others wait, nor the server swell. Each connection has a queue
// with a limit; who does not keep up is told and leaves, everybody else does not notice.
import { pathToFileURL } from 'node:url';
import { createReactor } from 'calandria';

const LINE_MAX = 4096;

/** Handlers for one room. */
export function createRoom() {
  const members = new Set();

  function send(member, text) {
    try {
      member.write(text);
    } catch (error) {
      // Its queue is full: it has not read for a megabyte.
      if (error.code !== 'ERR_CALANDRIA_QUEUE_FULL') throw error;
      leave(member, 'reads too slowly');
      member.destroy();
    }
  }

  function broadcast(text, except) {
    for (const member of members) if (member !== except) send(member, text);
  }

  function leave(member, why) {
    if (members.delete(member)) broadcast(`* ${member.data.name} ${why}\n`);
  }

  return {
    members,
    open(connection) {
      connection.data = { name: `guest-${connection.peer.port}`, rest: '' };
      send(connection, `* welcome; ${members.size} others are here\n`);
      broadcast(`* ${connection.data.name} comes in\n`);
      members.add(connection);
    },
    data(connection, bytes) {
      const state = connection.data;
      // The bytes are valid until the turn ends; the string is a copy, and may be kept.
      const lines = (state.rest + Buffer.from(bytes).toString()).split('\n');
      state.rest = lines.pop();
      for (const line of lines) broadcast(`${state.name}: ${line}\n`, connection);
      if (state.rest.length <= LINE_MAX) return;
      leave(connection, 'talks without end');
      connection.close();
    },
    end(connection) {
      leave(connection, 'leaves');
      connection.end();
    },
    error() {},
    close(connection) {
      leave(connection, 'is gone');
    },
  };
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) {
  const reactor = createReactor();
  const port = Number(process.argv[2] ?? 7008);
  const address = await reactor.listen({ port }, createRoom()).ready();
  console.log(
    `chat on ${address.address}:${address.port}; try: nc ${address.address} ${address.port}`,
  );
  process.once('SIGINT', () => reactor.close({ drain: true, deadline: 1000 }));
}
