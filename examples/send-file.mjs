// A file server: one line asks, the file answers.
//
//   node examples/send-file.mjs folder [port]
//   curl http://127.0.0.1:7080/name       (or: echo name | nc 127.0.0.1 7080)
//
// The head and the beginning of the file leave together, and no byte of the file passes through
// memory of ours. What is not in the page cache is read by a thread: nobody waits for a disk.
import { basename, join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { createReactor } from 'calandria';

const LINE_MAX = 1024;

/** "GET /name HTTP/1.1" or just "name"; a name, never a path: nothing outside the folder. */
function nameIn(line) {
  const [first = '', second] = line.trim().split(' ');
  const name = (first === 'GET' ? second : first)?.replace(/^\//, '') ?? '';
  return name !== '' && name === basename(name) && !name.startsWith('.') ? name : undefined;
}

async function answer(reactor, folder, connection, line) {
  const name = nameIn(line);
  let file;
  try {
    if (!name) throw new Error('no name');
    file = await reactor.openFile(join(folder, name));
    const stats = await file.stat();
    if (!stats.isFile()) throw new Error('no file');
    connection.write(`HTTP/1.1 200 OK\r\nContent-Length: ${stats.size}\r\n\r\n`);
    await connection.sendFile(file, 0, stats.size);
    connection.end();
  } catch {
    // A connection that failed, or was promised more of a file than there was, is closed already.
    if (connection.tx.queued === 0 && !connection.closed) {
      connection.end('HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n');
    }
  } finally {
    await file?.close();
  }
}

export function server(reactor, folder) {
  return {
    data(connection, bytes) {
      connection.data = (connection.data ?? '') + Buffer.from(bytes).toString('latin1');
      const end = connection.data.indexOf('\n');
      if (end < 0 && connection.data.length < LINE_MAX) return;
      connection.read(0);
      return answer(reactor, folder, connection, connection.data.slice(0, Math.max(0, end)));
    },
    // The answer may still be on its way.
    end() {},
  };
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) {
  const reactor = createReactor();
  const [folder = '.', port = 7080] = process.argv.slice(2);
  const listener = reactor.listen({ port: Number(port) }, server(reactor, folder));
  const address = await listener.ready();
  console.log(`send-file on ${address.address}:${address.port}`);
  process.once('SIGINT', () => reactor.close({ drain: true, deadline: 1000 }));
}
