// Clients that others wrote, each with what it has to find: how it is asked, and what of its report
// says that all went well. What is wrong is thrown.

import { spawn, spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { readFileSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { join } from 'node:path';

/** Milliseconds that a client has, far more than it needs. */
const PATIENCE = 60_000;
const SILENT = 10_000;
const DESCRIPTORS = 11_000;

/** Runs it to its end; what it printed. It is ended with its patience. */
function run(command, { cwd } = {}) {
  return new Promise((resolve, reject) => {
    const [file, ...words] = command.map(String);
    // Their habits come from the home folder: siege writes one there.
    const env = { ...process.env, HOME: cwd, TERM: 'dumb' };
    const child = spawn(file, words, { cwd, env, stdio: ['ignore', 'pipe', 'pipe'] });
    const timer = setTimeout(() => child.kill('SIGKILL'), PATIENCE);
    let text = '';
    for (const stream of [child.stdout, child.stderr]) {
      stream.setEncoding('latin1').on('data', (chunk) => {
        text += chunk;
      });
    }
    child.once('error', reject);
    child.once('close', (code, signal) => {
      clearTimeout(timer);
      if (code === 0) resolve(text);
      else reject(new Error(`${file} ended with ${code ?? signal}: ${text.slice(-600)}`));
    });
  });
}

function check(holds, what, text) {
  if (!holds) throw new Error(`${what}: ${text.trim().slice(-600)}`);
}

/** The number that the report says behind a name. */
function figure(text, pattern) {
  const [, number] = pattern.exec(text) ?? [];
  check(number !== undefined, `it does not tell ${pattern}`, text);
  return Number(number);
}

function digest(bytes) {
  return createHash('sha256').update(bytes).digest('hex');
}

async function curlAll({ url, folder, large, posts }) {
  const out = join(folder, 'got');
  const fail = ['curl', '--silent', '--show-error', '--fail', '--max-time', '30'];
  const head = await run([...fail, '--head', `${url}small.txt`], { cwd: folder });
  check(/^HTTP\/1\.1 200 OK\r$/m.test(head), 'HEAD is no 200', head);
  await run([...fail, '--output', out, `${url}large.bin`], { cwd: folder });
  check(digest(readFileSync(out)) === digest(large), 'large.bin is another file', out);
  // Ten on one connection: it says how many it made.
  const many = Array.from({ length: 10 }, () => ['--output', out, `${url}small.txt`]).flat();
  const made = await run([...fail, '--write-out', '%{num_connects},', ...many], { cwd: folder });
  check(made === `1,${'0,'.repeat(9)}`, 'the connection was not kept', made);
  if (!posts) {
    await run([...fail, '--range', '1000-1999', '--output', out, `${url}large.bin`], {
      cwd: folder,
    });
    check(readFileSync(out).equals(large.subarray(1000, 2000)), 'the range is another', out);
    return;
  }
  const sent = join(folder, 'sent');
  writeFileSync(sent, large);
  for (const field of ['Expect: 100-continue', 'Transfer-Encoding: chunked']) {
    const posted = ['--header', field, '--data-binary', `@${sent}`, '--output', out, url];
    await run([...fail, ...posted], { cwd: folder });
    check(digest(readFileSync(out)) === digest(large), `${field}: another body came back`, out);
  }
}

async function wrk({ url, folder }) {
  const text = await run(['wrk', '-t1', '-c32', '-d2s', '--latency', `${url}small.txt`], {
    cwd: folder,
  });
  check(!/Socket errors|Non-2xx/.test(text), 'not all went well', text);
  check(figure(text, /(\d+) requests in/) > 100, 'hardly anything was answered', text);
}

async function ab({ url, folder }) {
  const text = await run(['ab', '-q', '-n', 2000, '-c', 16, '-k', `${url}small.txt`], {
    cwd: folder,
  });
  check(figure(text, /^Complete requests: +(\d+)$/m) === 2000, 'not all were answered', text);
  check(figure(text, /^Failed requests: +(\d+)$/m) === 0, 'some failed', text);
  check(!/^Non-2xx/m.test(text), 'some were not 2xx', text);
  check(figure(text, /^Keep-Alive requests: +(\d+)$/m) === 2000, 'some were not kept', text);
}

async function siege({ url, folder }) {
  const words = ['siege', '--benchmark', '--json-output', '--no-parser', '-q', '-c', 8, '-r', 100];
  const text = await run([...words, `${url}small.txt`], { cwd: folder });
  const report = JSON.parse(text.slice(text.indexOf('{'), text.lastIndexOf('}') + 1));
  check(report.transactions === 800, 'not all were answered', text);
  check(report.failed_transactions === 0, 'some failed', text);
  check(report.availability === 100, 'it was not there all the time', text);
}

async function h2load({ url, folder }) {
  const text = await run(['h2load', '--h1', '-n', 2000, '-c', 16, `${url}small.txt`], {
    cwd: folder,
  });
  check(/2000 succeeded, 0 failed, 0 errored, 0 timeout/.test(text), 'some failed', text);
  check(/status codes: 2000 2xx/.test(text), 'some were not 2xx', text);
}

// Its own probe asks every second whether others are still served.
const SLOW = {
  headers: ['-H', '-i', 1],
  body: ['-B', '-i', 1, '-s', 8192],
  range: ['-R', '-a', 1, '-b', 3000],
  reading: ['-X', '-r', 200, '-w', 10, '-y', 20, '-n', 1, '-z', 32, '-k', 3],
};

function slow(mode) {
  return async ({ url, folder }) => {
    const common = ['-c', 300, '-r', 200, '-l', 5, '-p', 3, '-v', 1];
    const text = await run(['slowhttptest', ...SLOW[mode], ...common, '-u', `${url}large.bin`], {
      cwd: folder,
    });
    const states = [...text.matchAll(/service available:[^A-Z]*([A-Z]+)/g)];
    check(states.length > 0, 'it tells no state', text);
    check(
      states.every(([, state]) => state === 'YES'),
      'others were not served',
      text,
    );
  };
}

/** Clients that say nothing: others are served meanwhile. */
async function silent({ url, folder }) {
  const { port } = new URL(url);
  const sockets = [];
  try {
    for (let count = 0; count < SILENT; count++) {
      // Of 127.0.0.1 alone there are too few ports.
      const localAddress = `127.0.0.${2 + (count % 200)}`;
      const socket = connect({ port: Number(port), host: '127.0.0.1', localAddress });
      sockets.push(socket);
      socket.on('error', () => {});
      await new Promise((resolve) => socket.once('connect', resolve).once('error', resolve));
    }
    const open = sockets.filter(({ readyState }) => readyState === 'open').length;
    check(open === SILENT, 'not all are connected', String(open));
    const text = await run(
      ['curl', '--silent', '--show-error', '--fail', '--max-time', '10', `${url}small.txt`],
      { cwd: folder },
    );
    check(text.length > 0, 'nothing was answered', text);
  } finally {
    for (const socket of sockets) socket.destroy();
  }
}

function missing(command) {
  const { error } = spawnSync(command, ['--version']);
  return error ? `there is no ${command}` : '';
}

function descriptors() {
  const { stdout } = spawnSync('sh', ['-c', 'ulimit -Hn'], { encoding: 'utf8' });
  const most = stdout?.trim();
  const enough = most === 'unlimited' || Number(most) >= DESCRIPTORS;
  return enough ? missing('curl') : `no more than ${most} descriptors`;
}

/** `missing()` says why it cannot run, or ''. `run({ url, folder, large, posts })` rejects. */
export const tools = [
  { name: 'curl', missing: () => missing('curl'), run: curlAll },
  { name: 'wrk', missing: () => missing('wrk'), run: wrk },
  { name: 'ab', missing: () => missing('ab'), run: ab },
  { name: 'siege', missing: () => missing('siege'), run: siege },
  { name: 'h2load', missing: () => missing('h2load'), run: h2load },
  ...Object.keys(SLOW).map((mode) => ({
    name: `slowhttptest, ${mode}`,
    missing: () => missing('slowhttptest'),
    run: slow(mode),
  })),
  { name: '10,000 silent clients', missing: descriptors, run: silent },
];
