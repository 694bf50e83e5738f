// HTTP on calandria: "Hello, world" to everything, by an exchange handler or with BENCH_FETCH by
// fetch; or the files of BENCH_FOLDER.

import { collectOnSignal } from './collect-on-signal.mjs';
import { calandria, loadEntry } from './library.mjs';

const { BENCH_FETCH: byFetch, BENCH_FOLDER: folder } = process.env;
const { files, HttpServer, headerBlock, serve } = await loadEntry('http');
const place = { port: 0, address: '127.0.0.1', limits: { requests: 1e9 } };

function start() {
  if (byFetch) {
    return serve({ ...place, globals: true, fetch: () => new Response('Hello, world\n') });
  }
  const reactor = calandria.createReactor();
  if (folder) return new HttpServer(reactor, place, files(reactor, folder));
  const headers = headerBlock({ 'Content-Type': 'text/plain' });
  return new HttpServer(reactor, place, (exchange) => {
    exchange.answer(200, headers, 'Hello, world\n');
  });
}

const { port } = await start().ready();
collectOnSignal();
console.log(`listening on 127.0.0.1:${port}`);
