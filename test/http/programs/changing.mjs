// Changes files while it asks for them, and holds each answer against what was there between the
// request and the end of the answer. Tells its parent how many it saw, and what was wrong.
//
// Each target has versions, one after another. `done` is the last one that was complete, `begun`
// the last one that was begun: an answer has to be of a version from `done` at the request to
// `begun` at its end. Of a file that is replaced it is of one version as a whole; of one that is
// written into each byte is of one of these versions.
import {
  closeSync,
  ftruncateSync,
  mkdirSync,
  openSync,
  renameSync,
  rmSync,
  unlinkSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import { connect } from 'node:net';
import { join } from 'node:path';

const [port, root, milliseconds, seed, connections] = process.argv.slice(2);

let state = Number(seed);
/** A whole number below `limit` (mulberry32). */
function random(limit) {
  state = (state + 0x6d2b79f5) | 0;
  let mixed = Math.imul(state ^ (state >>> 15), state | 1);
  mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
  return ((mixed ^ (mixed >>> 14)) >>> 0) % limit;
}

const letterOf = (version) => 33 + (version % 94);

/** One file: how it changes, and what each version of it was. */
class Target {
  constructor(name, { length, inPlace = false, step }) {
    this.name = name;
    this.path = join(root, name);
    this.length = length;
    this.inPlace = inPlace;
    this.step = step;
    this.versions = [];
    this.done = -1;
    this.tags = new Map();
  }

  get begun() {
    return this.versions.length - 1;
  }

  /** Makes the next version: `length` undefined: there is none. */
  become(length, make) {
    const letter = letterOf(this.versions.length);
    this.versions.push({ length, letter });
    make(Buffer.alloc(length ?? 0, letter));
    this.done = this.begun;
  }

  change() {
    this.step(this, this.versions.length);
  }

  /** What is wrong with an answer; '' when nothing is. */
  judge(from, { status, body, tag }) {
    const known = this.versions.slice(from);
    if (status === 404) return known.some(({ length }) => length === undefined) ? '' : 'is missing';
    if (status !== 200) return `has status ${status}`;
    const fit = known.filter(({ length }) => length === body.length);
    if (fit.length === 0) return `has ${body.length} bytes`;
    const letters = new Set(known.map(({ letter }) => letter));
    const strange = body.findIndex((byte) => !letters.has(byte));
    if (strange >= 0) return `has a byte of another version at ${strange}`;
    if (this.inPlace) return '';
    if (!fit.some(({ letter }) => body.every((byte) => byte === letter))) return 'is a mixture';
    // A head that belongs to other bytes has their tag.
    const before = this.tags.get(tag);
    this.tags.set(tag, body[0]);
    return before === undefined || before === body[0] ? '' : 'has the tag of another version';
  }
}

function replace(target, version) {
  const next = `${target.path}.next`;
  target.become(target.length + (version % 7), (bytes) => {
    writeFileSync(next, bytes);
    renameSync(next, target.path);
  });
}

function writeInto(target) {
  target.become(target.length, (bytes) => {
    const file = openSync(target.path, 'a+');
    closeSync(file);
    const open = openSync(target.path, 'r+');
    writeSync(open, bytes, 0, bytes.length, 0);
    closeSync(open);
  });
}

/** Cuts it off and writes it again: between the two it is short. */
function cutOff(target, version) {
  if (version === 0) return writeInto(target);
  const open = openSync(target.path, 'r+');
  const short = random(target.length);
  const { letter } = target.versions.at(-1);
  target.versions.push({ length: short, letter });
  ftruncateSync(open, short);
  target.done = target.begun;
  // While it is written it has its old bytes, and may be longer by some.
  target.become(target.length, (bytes) => writeSync(open, bytes, 0, bytes.length, 0));
  closeSync(open);
}

function comeAndGo(target, version) {
  if (version % 2 === 0) return replace(target, version);
  target.become(undefined, () => unlinkSync(target.path));
}

/** The folder that it is in goes, and another one comes. */
function moveFolder(target, version) {
  const folder = join(root, 'folder');
  const away = join(root, `away-${version}`);
  const next = join(root, 'folder.next');
  mkdirSync(next);
  writeFileSync(join(next, 'x.txt'), Buffer.alloc(target.length, letterOf(version + 1)));
  target.become(undefined, () => {
    if (version > 0) renameSync(folder, away);
  });
  target.become(target.length, () => renameSync(next, folder));
  rmSync(away, { recursive: true, force: true });
}

const targets = [
  new Target('short.txt', { length: 1024, step: replace }),
  new Target('long.bin', { length: 100_000, step: replace }),
  new Target('rewritten.txt', { length: 3000, inPlace: true, step: writeInto }),
  new Target('rewritten.bin', { length: 70_000, inPlace: true, step: writeInto }),
  // No longer than a page: a longer one is seen to grow by pages while it is written.
  new Target('cut.txt', { length: 4000, inPlace: true, step: cutOff }),
  new Target('fleeting.txt', { length: 200, step: comeAndGo }),
  new Target('folder/x.txt', { length: 900, step: moveFolder }),
];
for (const target of targets) target.change();

const counts = { answers: 0, changes: 0 };
const wrong = [];
/** A machine that is slow takes longer for as many. */
const ENOUGH = 200;
const until = Date.now() + Number(milliseconds);
let over = false;

function tell(target, what) {
  if (what !== '' && wrong.length < 10) wrong.push(`${target.name} ${what}`);
}

/** The first answer of these bytes, and what follows it; undefined while it is not complete. */
function answerOf(bytes) {
  const end = bytes.indexOf('\r\n\r\n');
  if (end < 0) return undefined;
  const head = bytes.toString('latin1', 0, end);
  const [, length] = /\r\nContent-Length: (\d+)/.exec(head) ?? [];
  const [, tag = ''] = /\r\nETag: (\S+)/.exec(head) ?? [];
  const behind = end + 4 + Number(length);
  if (bytes.length < behind) return undefined;
  const body = bytes.subarray(end + 4, behind);
  return { status: Number(head.slice(9, 12)), tag, body, rest: bytes.subarray(behind) };
}

/** One client: a few requests under way at a time, now and then. */
function ask() {
  const socket = connect(Number(port), '127.0.0.1');
  const waiting = [];
  let bytes = Buffer.alloc(0);
  const next = () => {
    const several = 1 + (random(4) === 0 ? random(3) : 0);
    for (let one = 0; one < several; one++) {
      const target = targets[random(targets.length)];
      waiting.push({ target, from: target.done });
      socket.write(`GET /${target.name} HTTP/1.1\r\nHost: a\r\n\r\n`);
    }
  };
  socket.on('connect', next);
  socket.on('error', ({ code }) => tell(waiting[0]?.target ?? targets[0], `fails: ${code}`));
  socket.on('data', (chunk) => {
    bytes = bytes.length === 0 ? chunk : Buffer.concat([bytes, chunk]);
    for (let answer = answerOf(bytes); answer; answer = answerOf(bytes)) {
      const { target, from } = waiting.shift();
      tell(target, target.judge(from, answer));
      counts.answers++;
      bytes = answer.rest;
      // Often: then the next request is the first one behind the change.
      if (random(8) === 0) targets[random(targets.length)].change();
    }
    if (over) socket.destroy();
    else if (waiting.length === 0) next();
  });
  socket.on('end', () => tell(waiting[0]?.target ?? targets[0], 'is cut'));
  return new Promise((resolve) => socket.on('close', resolve));
}

/** Changes at other times, too: while answers are made. */
function change() {
  const enough = Math.min(counts.answers, counts.changes) >= ENOUGH;
  over = (enough && Date.now() >= until) || wrong.length > 0;
  if (over) return;
  targets[random(targets.length)].change();
  counts.changes++;
  setTimeout(change, random(3));
}

const clients = Array.from({ length: Number(connections) }, ask);
change();
await Promise.all(clients);
process.send({ ...counts, wrong });
process.disconnect();
