// nginx in one process, sendfile on, nothing logged: "Hello, world" to everything, or the files of
// BENCH_FOLDER; with BENCH_CACHE it keeps open files at hand.

import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { connect, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const { BENCH_FOLDER: folder, BENCH_CACHE: cache } = process.env;

// A port that is free now. Somebody else may take it in between; then nginx says so.
function freePort() {
  return new Promise((resolve) => {
    const server = createServer().listen(0, '127.0.0.1', () => {
      const { port } = server.address();
      server.close(() => resolve(port));
    });
  });
}

const port = await freePort();
const directory = mkdtempSync(join(tmpdir(), 'calandria-nginx-'));
process.on('exit', () => rmSync(directory, { recursive: true, force: true }));
const temporary = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi']
  .map((name) => `${name}_temp_path ${directory}/${name};`)
  .join(' ');
const files = `root ${folder}; ${cache ? 'open_file_cache max=1000; open_file_cache_valid 60s;' : ''}`;
writeFileSync(
  join(directory, 'nginx.conf'),
  `daemon off; master_process off; pid ${directory}/pid; error_log stderr;
events { worker_connections 16384; }
http {
  access_log off; sendfile on; default_type text/plain; keepalive_requests 1000000000;
  keepalive_timeout 1h; ${temporary}
  server {
    listen 127.0.0.1:${port} backlog=4096;
    location / { ${folder ? files : 'return 200 "Hello, world\\n";'} }
  }
}
`,
);
const nginx = spawn('nginx', ['-c', join(directory, 'nginx.conf'), '-e', 'stderr'], {
  stdio: ['ignore', 'ignore', 'inherit'],
});
nginx.on('error', ({ code }) => {
  console.error(code === 'ENOENT' ? 'nginx is not installed' : code);
  process.exit(3);
});
nginx.on('exit', () => process.exit());
process.on('SIGTERM', () => nginx.kill());
process.on('exit', () => nginx.kill('SIGKILL'));

function announce() {
  const probe = connect(port, '127.0.0.1');
  probe.on('connect', () => {
    probe.destroy();
    console.log(`listening on 127.0.0.1:${port} as ${nginx.pid}`);
  });
  probe.on('error', () => setTimeout(announce, 10));
}
nginx.on('spawn', announce);
