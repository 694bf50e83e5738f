// HTTP on node:http: "Hello, world" to everything, or the files of BENCH_FOLDER.

import { createReadStream, statSync } from 'node:fs';
import { createServer } from 'node:http';
import { join } from 'node:path';
import { collectOnSignal } from './collect-on-signal.mjs';

const { BENCH_FOLDER: folder } = process.env;

function answer(request, response) {
  response.setHeader('Content-Type', 'text/plain');
  if (!folder) return response.end('Hello, world\n');
  const path = join(folder, request.url);
  response.setHeader('Content-Length', statSync(path).size);
  return createReadStream(path).pipe(response);
}

const server = createServer({ keepAliveTimeout: 3_600_000 }, answer);
collectOnSignal();
server.listen({ port: 0, host: '127.0.0.1', backlog: 4096 }, () => {
  console.log(`listening on 127.0.0.1:${server.address().port}`);
});
