// A static file server as a thread, the way one makes notes of it: read, parse, look at the name,
// open, write the head, then read from the file and write to the network until all is there.
//
//   node examples/static-server.mjs folder [port]
//   curl --range 0-9 http://127.0.0.1:7090/name
//
// Each request has a thread of its own and its connection. `calandria serve` does the same with a
// real parser, caches and limits; this is to be read.
import { pathToFileURL } from 'node:url';
import { createReactor } from 'calandria';
import { createThreads } from 'calandria/threads';

const HEAD_MAX = 8192;

/** Up to the empty line; undefined when it does not come, or is too long. */
async function readHead(connection) {
  let head = '';
  while (head.length < HEAD_MAX) {
    const bytes = await connection.read(HEAD_MAX);
    if (bytes.length === 0) break;
    head += Buffer.from(bytes).toString('latin1');
    const end = head.indexOf('\r\n\r\n');
    if (end >= 0) return head.slice(0, end);
  }
  return undefined;
}

function parse(head) {
  const [first, ...lines] = head.split('\r\n');
  const [method, target] = first.split(' ');
  const fields = new Map();
  for (const line of lines) {
    const colon = line.indexOf(':');
    fields.set(line.slice(0, colon).toLowerCase(), line.slice(colon + 1).trim());
  }
  return { method, target: target ?? '', fields };
}

/** The path that is meant, or the status of what is not one. */
function pathIn(target) {
  let path;
  try {
    path = decodeURIComponent(target.split('?')[0]).slice(1);
  } catch {
    return { status: '400 Bad Request' };
  }
  if (path.includes('\0')) return { status: '400 Bad Request' };
  const outside = path.split(/[/\\]/).includes('..');
  return outside ? { status: '403 Forbidden' } : { path };
}

/** The bytes that are asked for: a single range, or all. */
function rangeIn(field, size) {
  const [, from, to] = /^bytes=(\d+)-(\d*)$/.exec(field ?? '') ?? [];
  if (from === undefined || Number(from) >= size) return { begin: 0, end: size, part: false };
  const end = to === '' ? size : Math.min(size, Number(to) + 1);
  return { begin: Number(from), end, part: true };
}

async function answer(connection, status, fields = {}, body = `${status}\n`) {
  const lines = Object.entries(fields).map(([name, value]) => `${name}: ${value}\r\n`);
  await connection.write(`HTTP/1.1 ${status}\r\nConnection: close\r\n${lines.join('')}\r\n${body}`);
}

async function sendFile(connection, file, fields) {
  const { size, mtimeMs } = await file.stat();
  const modified = new Date(Math.floor(mtimeMs / 1000) * 1000);
  if (Date.parse(fields.get('if-modified-since') ?? '') >= modified.getTime()) {
    return answer(connection, '304 Not Modified', {}, '');
  }
  const { begin, end, part } = rangeIn(fields.get('range'), size);
  const head = { 'Content-Length': end - begin, 'Last-Modified': modified.toUTCString() };
  if (part) head['Content-Range'] = `bytes ${begin}-${end - 1}/${size}`;
  await answer(connection, part ? '206 Partial Content' : '200 OK', head, '');
  const buffer = Buffer.alloc(64 << 10);
  for (let at = begin; at < end; ) {
    const { bytesRead } = await file.read(buffer, 0, Math.min(buffer.length, end - at), at);
    // Shorter than it was: the peer has to see that.
    if (bytesRead === 0) return connection.destroy();
    await connection.write(buffer.subarray(0, bytesRead));
    at += bytesRead;
  }
}

/** One request, one thread. */
export async function serve(connection, folder) {
  const head = await readHead(connection);
  if (head === undefined) return answer(connection, '400 Bad Request');
  const { method, target, fields } = parse(head);
  if (method !== 'GET') return answer(connection, '405 Method Not Allowed', { Allow: 'GET' });
  const { path, status } = pathIn(target);
  if (status) return answer(connection, status);
  // Nowhere else, whatever links there are.
  const file = await folder.openBeneath(path).catch(() => undefined);
  try {
    if (file && (await file.stat()).isFile()) await sendFile(connection, file, fields);
    else await answer(connection, '404 Not Found');
  } finally {
    await file?.close();
  }
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) {
  const [root = '.', port = 7090] = process.argv.slice(2);
  const reactor = createReactor();
  const threads = createThreads(reactor);
  const listener = threads.listen({ port: Number(port) });
  threads.spawn(async (thread) => {
    const folder = await reactor.openDirectory(root);
    for await (const connection of thread.accept(listener)) {
      threads.spawn(async () => {
        await serve(connection, folder);
        await connection.end();
      }, connection);
    }
  });
  const address = await listener.ready();
  console.log(`static-server on 127.0.0.1:${address.port}`);
  process.once('SIGINT', () => reactor.close({ drain: true }));
}
