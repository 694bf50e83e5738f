// A server that cannot listen, and nobody who asks whether it does.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { closeHttp, serveHttp } from '../support/http';

const PROGRAM = join(__dirname, 'programs', 'unheard.mjs');

afterEach(closeHttp);

test.each(['serve', 'HttpServer'])('%s: that it cannot listen is thrown', async (kind) => {
  const { port } = await serveHttp(() => {});
  const child = spawn(process.execPath, [PROGRAM, kind, String(port)], {
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  let stderr = '';
  child.stderr.on('data', (text) => {
    stderr += text;
  });
  const [code] = await once(child, 'close');
  expect({ code, stderr }).toEqual({ code: 1, stderr: expect.stringContaining('EADDRINUSE') });
});
