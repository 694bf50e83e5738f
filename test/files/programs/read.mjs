// Reads a file in a process of its own, and tells how that went: paths, descriptors, threads.
//
//   read.mjs PATH DIRECT READS
import { readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { createReactor } from '../../../build/js/src/index.js';

const [path, direct, reads] = process.argv.slice(2);
const block = 4096;

function descriptors(kind) {
  return readdirSync('/proc/self/fd').filter((fd) => {
    try {
      return readlinkSync(`/proc/self/fd/${fd}`).includes(kind);
    } catch {
      return false;
    }
  }).length;
}

function threads() {
  return readdirSync('/proc/self/task').flatMap((thread) => {
    const read = (name) => readFileSync(`/proc/self/task/${thread}/${name}`, 'latin1');
    if (read('comm') !== 'calandria-pool\n') return [];
    return [{ thread: Number(thread), blocked: /SigBlk:\s*(\w+)/.exec(read('status'))[1] }];
  });
}

const announcers = descriptors('[eventfd]');
const reactor = createReactor({ host: 'epoll' });
const paths = {};
const errors = {};
const file = await reactor.openFile(path, 'r', 0, { direct: direct === 'direct' });
const { size } = await file.stat();
let right = 0;
// A copy: who watches the file sees the reactor alone.
const expected = readFileSync(`${path}.copy`);
await Promise.all(
  Array.from({ length: Number(reads) }, async (_, place) => {
    const at = ((place * 7919) % (size / block)) * block;
    try {
      const { buffer, via } = await file.read(Buffer.alloc(block), 0, block, at);
      paths[via] = (paths[via] ?? 0) + 1;
      if (buffer.equals(expected.subarray(at, at + block))) right++;
    } catch (error) {
      const name = `${error.code} ${error.syscall} ${error.path === path}`;
      errors[name] = (errors[name] ?? 0) + 1;
    }
  }),
);
process.send({
  pid: process.pid,
  paths,
  errors,
  right,
  announcers: descriptors('[eventfd]') - announcers,
  threads: threads(),
  counters: reactor.counters,
});
const again = await new Promise((resolve) => process.once('message', resolve));
if (again) {
  const { bytesRead } = await file.read(Buffer.alloc(block), 0, block, 0);
  process.send({ bytesRead, threads: threads() });
}
await reactor.close();
process.disconnect();
