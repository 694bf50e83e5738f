// Runs clients that others wrote against `calandria serve` and against a program behind
// serve({ fetch }): curl, wrk, ab, siege, h2load and slowhttptest. What is not installed is
// skipped, and said so.
//
// Usage: node scripts/clients.mjs [word...]      only the clients whose names have one of the words

import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { tools } from './client-tools.mjs';
import { root } from './toolchain.mjs';

const START_PATIENCE = 20_000;
const STOP_PATIENCE = 10_000;
const words = process.argv.slice(2);
const large = Buffer.from('0123456789abcdef'.repeat(4096 * 64));

/** Starts a server that says on stdout where it is. */
function start(command, options) {
  const child = spawn(process.execPath, command, {
    cwd: root,
    stdio: ['ignore', 'pipe', 'inherit'],
    ...options,
  });
  const ended = new Promise((resolve) => child.once('close', resolve));
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => {
      child.kill('SIGKILL');
      reject(new Error('it does not listen'));
    }, START_PATIENCE);
    let text = '';
    child.stdout.setEncoding('utf8').on('data', (chunk) => {
      text += chunk;
      const [, url] = /at (http:\S+)/.exec(text) ?? [];
      if (!url) return;
      clearTimeout(timer);
      resolve({ url, child, ended });
    });
    ended.then((code) => reject(new Error(`it ended with ${code} before it listened`)));
  });
}

/** It has to end by itself, and well. */
async function stop({ child, ended }) {
  child.kill('SIGTERM');
  const timer = setTimeout(() => child.kill('SIGKILL'), STOP_PATIENCE);
  const code = await ended;
  clearTimeout(timer);
  if (code !== 0) throw new Error(`it ended with ${code}`);
}

let passed = 0;
let failed = 0;

async function attempt(name, action) {
  const since = Date.now();
  try {
    await action();
    passed++;
    console.log(`PASS ${name} (${((Date.now() - since) / 1000).toFixed(1)} s)`);
  } catch (error) {
    failed++;
    console.log(`FAIL ${name}: ${error.message}`);
  }
}

const site = mkdtempSync(join(tmpdir(), 'calandria-site-'));
const folder = mkdtempSync(join(tmpdir(), 'calandria-clients-'));
writeFileSync(join(site, 'small.txt'), 'Hello, world\n');
writeFileSync(join(site, 'large.bin'), large);
const servers = [
  { name: 'calandria serve', command: ['build/js/src/cli/main.js', 'serve', site], posts: false },
  { name: 'serve({ fetch })', command: ['scripts/clients-server.mjs'], posts: true },
];
try {
  for (const { name, command, posts } of servers) {
    let server;
    await attempt(`${name}: it listens`, async () => {
      server = await start(command);
    });
    if (!server) continue;
    for (const tool of tools) {
      const title = `${name}: ${tool.name}`;
      if (words.length > 0 && !words.some((word) => tool.name.includes(word))) continue;
      const reason = tool.missing();
      if (reason) console.log(`SKIP ${title}: ${reason}`);
      else await attempt(title, () => tool.run({ url: server.url, folder, large, posts }));
    }
    await attempt(`${name}: it ends when it is asked to`, () => stop(server));
  }
} finally {
  rmSync(site, { recursive: true, force: true });
  rmSync(folder, { recursive: true, force: true });
}
console.log(`${passed} passed, ${failed} failed`);
process.exitCode = failed > 0 ? 1 : 0;
