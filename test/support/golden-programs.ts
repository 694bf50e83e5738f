// The programs of the golden traces. Never change one: its trace says what it did, and has to
// replay against it for as long as the format is read. A new shape is a new program with a new
// name. Only `http` may be recorded anew, when the server says something in another way on purpose.
import { setTimeout as sleep } from 'node:timers/promises';
import { type Exchange, HttpServer } from '../../src/http';
import { type Connection, epoll, type Host, node, type Reactor } from '../../src/index';
import { echo } from '../../src/programs/echo';
import { dial } from './peer';
import type { Client, Served } from './recording';

export interface Golden {
  readonly program: Served;
  readonly client: Client;
  readonly host: () => Host;
}

const LOCAL = { port: 0, address: '127.0.0.1' };

const greet: Client = async ({ port }) => {
  const first = await dial(port);
  await first.write('hello');
  await first.receive(5);
  const second = await dial(port);
  await second.write(Buffer.alloc(3000, 'ab'));
  await second.receive(3000);
  await first.write('and good-bye');
  await first.receive(17);
  first.end();
  await first.ended;
  second.reset();
};

/** One of each: whole, in parts, with what was sent, late, and not at all. */
async function answer(exchange: Exchange, reactor: Reactor): Promise<void> {
  switch (exchange.target) {
    case '/parts':
      exchange.begin(200, { 'Content-Type': 'text/plain' });
      exchange.write('one, ');
      exchange.write('two');
      return exchange.end({ 'X-Count': '2' });
    case '/echo': {
      const text = await exchange.body.text();
      const [trailer] = [...exchange.trailers()];
      return exchange.answer(200, {}, `${text} (${trailer})`);
    }
    case '/late':
      await new Promise<void>((resolve) => void reactor.setTimer(2, () => resolve()));
      return exchange.answer(200, {}, `at last: ${reactor.random()}`);
    case '/fails':
      throw new Error('never told');
    default:
      return exchange.answer(200, {}, `${exchange.method} ${exchange.target}`);
  }
}

const converse: Client = async ({ port }) => {
  const kept = await dial(port);
  await kept.write('GET /a HTTP/1.1\r\nHost: h\r\n\r\nGET /late HTTP/1.1\r\nHost: h\r\n\r\n');
  await kept.write('HEAD /b HTTP/1.1\r\nHost: h\r\n\r\nGET /parts HTTP/1.1\r\nHost');
  await kept.receive(200);
  await kept.write(': h\r\nConnection: close\r\n\r\n');
  await kept.ended;
  kept.end();
  const sending = await dial(port);
  const chunked = 'POST /echo HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n';
  await sending.write(`${chunked}Connection: close\r\nExpect: 100-continue\r\n\r\n`);
  await sending.receive(25);
  await sending.write('5\r\nhello\r\n0\r\nX-T: 1\r\n\r\n');
  await sending.ended;
  sending.end();
  for (const request of [
    'GET /fails HTTP/1.0\r\n\r\n',
    'GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n',
  ]) {
    const other = await dial(port);
    await other.write(request);
    await other.ended;
    other.end();
  }
};

export const GOLDEN: Readonly<Record<string, Golden>> = {
  echo: { program: (reactor) => echo(reactor, LOCAL), client: greet, host: epoll },

  'echo-node': { program: (reactor) => echo(reactor, LOCAL), client: greet, host: node },

  timers: {
    host: epoll,
    program(reactor) {
      return reactor.listen(LOCAL, {
        open(connection) {
          let beats = 0;
          reactor.setTimer(1, () => void connection.write('never')).cancel();
          reactor.setTimer(
            2,
            (timer, expirations) => {
              connection.write(`beat ${++beats} (${expirations}): ${reactor.random()}\n`);
              if (beats < 4) return;
              timer.cancel();
              connection.end(`at ${reactor.now}`);
            },
            { repeat: true },
          );
        },
      });
    },
    async client({ port }) {
      const peer = await dial(port);
      await peer.ended;
      peer.end();
    },
  },

  http: {
    host: epoll,
    program: (reactor) =>
      new HttpServer(reactor, { ...LOCAL, onError: () => {} }, (exchange) =>
        answer(exchange, reactor),
      ),
    client: converse,
  },

  reset: {
    host: epoll,
    program(reactor) {
      return reactor.listen(LOCAL, {
        open: (connection) => connection.read(0),
        change(connection) {
          const { available, eof, error } = connection.rx;
          if (available > 0 && connection.data === undefined) {
            connection.data = 'asked';
            connection.write('got it?');
          }
          if (eof || error) connection.read(Number.POSITIVE_INFINITY);
        },
        data(connection, bytes) {
          connection.data = Buffer.from(bytes).toString();
        },
        error(connection, error) {
          // An error's code is part of what a program sees, so it is part of what it does.
          const { code } = error as NodeJS.ErrnoException;
          reactor.setTimer(1000 + (code ?? '').length, () => {}).cancel();
          reactor.setTimer(2000 + String(connection.data).length, () => {}).cancel();
        },
      });
    },
    async client({ port, reactor, tap }) {
      const peer = await dial(port);
      await peer.write('unread at the reset');
      await peer.receive(7);
      peer.reset();
      await tap.when(() => reactor.counters.closed === 1);
    },
  },

  outside: {
    host: epoll,
    program(reactor) {
      const listener = reactor.listen(LOCAL, {
        async open(connection) {
          await sleep(3);
          connection.write('from a promise\n');
          await sleep(3);
          connection.end('and again\n');
        },
        data: (connection, bytes) => void connection.write(bytes),
      });
      setTimeout(() => {
        const other = reactor.listen({ port: 0, address: '::1' }, {});
        setTimeout(() => other.close(), 1);
      }, 1);
      return listener;
    },
    async client({ port }) {
      const peer = await dial(port);
      await peer.write('meanwhile\n');
      await peer.ended;
      peer.end();
    },
  },

  proxy: {
    host: epoll,
    async program(reactor) {
      const backend = reactor.listen(LOCAL, {
        data(connection, bytes) {
          connection.write(Buffer.from(bytes).toString().toUpperCase());
        },
        end: (connection) => connection.end(),
      });
      const { port } = await backend.ready();
      return reactor.listen(LOCAL, {
        open(connection) {
          connection.data = reactor.connect(
            { port },
            {
              data: (_, bytes) => void connection.write(bytes),
              end: () => connection.end(),
            },
          );
        },
        data: ({ data }, bytes) => void (data as Connection).write(bytes),
        end: ({ data }) => (data as Connection).end(),
      });
    },
    async client({ port }) {
      const peer = await dial(port);
      await peer.write('through two sockets');
      await peer.receive(19);
      peer.end();
      await peer.ended;
    },
  },
};
