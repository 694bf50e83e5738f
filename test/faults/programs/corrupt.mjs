// An echo whose memory is damaged at one place, at the moment when it hurts. What follows is
// reported.
import { connect } from 'node:net';
import { createReactor, epoll } from 'calandria';
import layout from '../../../build/js/assembly/layout.js';

const [, , place] = process.argv;
const errors = [];
const heard = [];
let armed = false;
let done = false;
process.on('uncaughtException', ({ code, message }) => errors.push(`${code}: ${message}`));

/** The first queued submission of this operation. */
function submission({ words, bytes }, operation) {
  const base = words[layout.SUBMISSIONS_BASE >> 2];
  for (let entry = 0; entry < words[layout.SUBMISSION_COUNT >> 2]; entry++) {
    const at = base + entry * layout.SUBMISSION_SIZE;
    if (bytes[at] === operation) return at;
  }
  return undefined;
}

function field(operation, offset, value) {
  return (memory) => {
    const at = submission(memory, operation);
    if (at === undefined) return false;
    memory.words[(at + offset) >> 2] = value;
    return true;
  };
}

/** The first piece of the first send. */
function piece(...changes) {
  return (memory) => {
    const at = submission(memory, layout.OPERATION_SEND);
    if (at === undefined) return false;
    const first = memory.words[(at + layout.SUBMISSION_ADDRESS) >> 2];
    const base = memory.words[layout.PIECES_BASE >> 2] + first * layout.PIECE_SIZE;
    for (const [offset, value] of changes) memory.words[(base + offset) >> 2] = value;
    return true;
  };
}

function control(address, value) {
  return (memory) => {
    if (submission(memory, layout.OPERATION_RECEIVE) === undefined) return false;
    memory.words[address >> 2] = value;
    return true;
  };
}

function event(address, value) {
  return (memory) => {
    if (memory.words[layout.EVENT_COUNT >> 2] <= 0) return false;
    memory.words[address >> 2] = value;
    return true;
  };
}

/** Of a read that brought bytes. */
function completion(offset, value) {
  return (memory) => {
    const at = submission(memory, layout.OPERATION_RECEIVE);
    if (at === undefined || memory.words[(at + layout.SUBMISSION_RESULT) >> 2] <= 0) return false;
    memory.words[(at + offset) >> 2] = value;
    return true;
  };
}

const { OPERATION_RECEIVE, OPERATION_SEND, OPERATION_ACCEPT, OPERATION_CONNECT } = layout;
const WILD = 0x7fffffff;

/** Between the end of a turn and the execution of its submissions. */
const beforeSubmit = {
  'submission count': control(layout.SUBMISSION_COUNT, WILD),
  'submission count -1': control(layout.SUBMISSION_COUNT, -1),
  'read cursor 0': control(layout.READ_CURSOR, 0),
  'read cursor wild': control(layout.READ_CURSOR, -16),
  'read limit wild': control(layout.READ_LIMIT, -1),
  'spare count wild': control(layout.SPARE_COUNT, WILD),
  'spare segment wild': (memory) => {
    if (!control(layout.READ_CURSOR, memory.words[layout.READ_LIMIT >> 2])(memory)) return false;
    memory.words[layout.SPARE_LIST >> 2] = WILD;
    return true;
  },
  'receive: record': field(OPERATION_RECEIVE, layout.SUBMISSION_RECORD, WILD),
  'receive: record -1': field(OPERATION_RECEIVE, layout.SUBMISSION_RECORD, -1),
  'receive: generation': field(OPERATION_RECEIVE, layout.SUBMISSION_GENERATION, 77),
  'receive: length': field(OPERATION_RECEIVE, layout.SUBMISSION_LENGTH, -1),
  'receive: room': field(OPERATION_RECEIVE, layout.SUBMISSION_ARGUMENT, -1),
  'receive: operation': field(OPERATION_RECEIVE, layout.SUBMISSION_OPERATION, 200),
  'accept: child': field(OPERATION_ACCEPT, layout.SUBMISSION_ADDRESS, WILD),
  'connect: name': field(OPERATION_CONNECT, layout.SUBMISSION_ADDRESS, -16),
  'connect: name length': field(OPERATION_CONNECT, layout.SUBMISSION_LENGTH, -1),
  'connect: record': field(OPERATION_CONNECT, layout.SUBMISSION_RECORD, WILD),
  'send: piece': field(OPERATION_SEND, layout.SUBMISSION_ADDRESS, WILD),
  'send: pieces': field(OPERATION_SEND, layout.SUBMISSION_ARGUMENT, 2000),
  'send: no pieces': field(OPERATION_SEND, layout.SUBMISSION_ARGUMENT, 0),
  'send: length': field(OPERATION_SEND, layout.SUBMISSION_LENGTH, WILD),
  'send: record': field(OPERATION_SEND, layout.SUBMISSION_RECORD, WILD),
  'piece: address': piece([layout.PIECE_ADDRESS, -16]),
  'piece: address and length': piece([layout.PIECE_ADDRESS, WILD], [layout.PIECE_LENGTH, -1]),
  'piece: next': piece([layout.PIECE_LENGTH, 1], [layout.PIECE_NEXT, WILD]),
};

/** Between the execution of submissions, or the poll, and the core's look at what came of them. */
const beforeIngest = {
  'event count': event(layout.EVENT_COUNT, WILD),
  'event count -1': event(layout.EVENT_COUNT, -1),
  'event size': event(layout.EVENT_RECORD_SIZE, 1),
  'event format': event(layout.EVENT_FORMAT, 99),
  'event records': (memory) => {
    const count = memory.words[layout.EVENT_COUNT >> 2];
    if (count <= 0) return false;
    const at = memory.words[layout.EVENTS_BASE >> 2];
    memory.bytes.fill(0x5a, at, at + count * memory.words[layout.EVENT_RECORD_SIZE >> 2]);
    return true;
  },
  'completions done': control(layout.SUBMISSION_DONE, WILD),
  'receive: result': completion(layout.SUBMISSION_RESULT, WILD),
  'receive: address': completion(layout.SUBMISSION_EXTRA, 0),
  'receive: unknown error': completion(layout.SUBMISSION_RESULT, -4000),
  'send: result': field(OPERATION_SEND, layout.SUBMISSION_RESULT, WILD),
  'accept: address': field(OPERATION_ACCEPT, layout.SUBMISSION_EXTRA, -64),
  'accept: foreign child': field(OPERATION_ACCEPT, layout.SUBMISSION_ADDRESS, WILD),
};

if (place === 'list') {
  process.send([...Object.keys(beforeSubmit), ...Object.keys(beforeIngest)]);
  process.disconnect();
} else {
  await run();
}

function damage(table, memory) {
  if (armed && !done && table[place]?.(memory)) done = true;
}

async function run() {
  const host = epoll();
  const reactor = createReactor({
    host: {
      ...host,
      open(seam) {
        host.open({
          ...seam,
          ingest() {
            damage(beforeIngest, seam.memory);
            seam.ingest();
          },
          end() {
            seam.end();
            damage(beforeSubmit, seam.memory);
          },
        });
      },
    },
  });
  const handlers = {
    data: (connection, bytes) => void connection.write(bytes),
    error: (_, { code }) => void heard.push(code),
    listenerError: (_, { code }) => void heard.push(code),
  };
  const { port } = await reactor.listen({ port: 0 }, handlers).ready();
  await visit(port, false);
  armed = true;
  // Damage is expected to be noticed: an error, or an answer that does not come.
  const before = { ...reactor.counters };
  if (place.startsWith('connect')) dial(reactor, port);
  await visit(port, true);
  const { completionsStale, eventsStale } = reactor.counters;
  // A reactor that has ended is closed. (One that lives may wait for ever for a completion that was
  // made somebody else's.)
  const late = new Promise((resolve) => setTimeout(resolve, 5000, false));
  const closing = errors.length > 0 ? reactor.close().then(() => true) : false;
  const closed = await Promise.race([closing, late]);
  process.send({
    done,
    closed,
    errors,
    heard,
    stale: completionsStale + eventsStale - before.completionsStale - before.eventsStale,
  });
  process.exit(0);
}

function dial(reactor, port) {
  try {
    reactor.connect({ port }, { error: (_, { code }) => void heard.push(code) });
  } catch (error) {
    errors.push(`${error.code}: ${error.message}`);
  }
}

/** Ends with the echo, with the connection, or when what was damaged shows. */
function visit(port, damaged) {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1');
    const look = setInterval(() => {
      if (damaged && done) settled.push(1);
      // Damage that shows nowhere else shows as an answer that never comes.
      if (settled.length === 20) finish();
    }, 5);
    const settled = [];
    const finish = () => {
      clearInterval(look);
      socket.destroy();
      resolve();
    };
    socket.on('error', () => {});
    socket.on('close', finish);
    socket.on('data', () => (damaged ? undefined : finish()));
    socket.write('question');
  });
}
