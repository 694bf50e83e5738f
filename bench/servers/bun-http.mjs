// HTTP on Bun.serve: "Hello, world" to everything, or the files of BENCH_FOLDER.

import { join } from 'node:path';
import { collectOnSignal } from './collect-on-signal.mjs';

const { BENCH_FOLDER: folder } = process.env;

const server = Bun.serve({
  port: 0,
  hostname: '127.0.0.1',
  fetch: (request) =>
    folder
      ? new Response(Bun.file(join(folder, new URL(request.url).pathname)))
      : new Response('Hello, world\n'),
});
collectOnSignal();
console.log(`listening on 127.0.0.1:${server.port}`);
