// Random reads of 4 KiB, so many under way at a time, through an API in the shape of FileHandle.
//
//   read-file.mjs node-fs|calandria|calandria-uring FILE DEPTH SECONDS WARMUP direct|buffered
//   read-file.mjs node-fs|calandria|calandria-uring probe       says whether it can run
//
// It prints one line of JSON, as bench/c/read-file.c does.

import { constants } from 'node:fs';
import { open } from 'node:fs/promises';
import { makeInterval } from './interval.mjs';

const block = 4096;
const readsALook = 32;

const libraries = {
  'node-fs': async () => ({
    open: (path, direct) => open(path, constants.O_RDONLY | (direct ? constants.O_DIRECT : 0)),
    close() {},
  }),
  calandria: () => openReactor(),
  'calandria-uring': () => openReactor('uring'),
};

async function openReactor(host) {
  const { calandria, need } = await import('../servers/library.mjs');
  need('Reactor.openFile');
  const reactor = calandria.createReactor({ host });
  return {
    open: (path, direct) => reactor.openFile(path, 'r', 0o666, { direct }),
    close: () => reactor.close(),
  };
}

// O_DIRECT wants its buffers aligned, and no buffer of Node's is; memory of Wasm begins at a page.
function alignedBlocks(count) {
  const memory = new WebAssembly.Memory({ initial: Math.ceil((count * block) / 65536) });
  return Array.from({ length: count }, (_, index) =>
    Buffer.from(memory.buffer, index * block, block),
  );
}

// A number drawn below a limit, the same sequence in every run.
function makeDraw(limit) {
  let state = 2463534242;
  return () => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return (state >>> 0) % limit;
  };
}

async function measure(file, { depth, seconds, warmup }) {
  const { size } = await file.stat();
  const draw = makeDraw(Math.floor(size / block));
  const paths = {};
  let operations = 0;
  let errors = 0;
  const interval = makeInterval({
    seconds,
    warmup,
    begin() {
      operations = 0;
      errors = 0;
    },
  });
  async function readOn(buffer) {
    while (operations % readsALook !== 0 || interval.continues()) {
      const place = draw();
      const { bytesRead, via } = await file.read(buffer, 0, block, place * block);
      if (interval.result()) return;
      // The file is of 32-bit words that count up.
      if (bytesRead !== block || buffer.readUInt32LE(0) !== place * (block / 4)) errors++;
      if (via !== undefined) paths[via] = (paths[via] ?? 0) + 1;
      operations++;
    }
  }
  await Promise.all(alignedBlocks(depth).map(readOn));
  return { operations, ...interval.result(), errors, paths };
}

const [name, path, depth, seconds, warmup, mode] = process.argv.slice(2);
const library = await libraries[name]();
if (path === 'probe') {
  console.log('{"ready":true}');
} else {
  const file = await library.open(path, mode === 'direct');
  const settings = { depth: Number(depth), seconds: Number(seconds), warmup: Number(warmup) };
  console.log(JSON.stringify(await measure(file, settings)));
  await file.close();
}
await library.close();
