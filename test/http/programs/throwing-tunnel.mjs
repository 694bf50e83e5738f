// A server whose tunnels throw what they are told; the process goes on.

import { HttpServer } from '../../../build/js/src/http/index.mjs';
import { createReactor } from '../../../build/js/src/index.mjs';

const [host] = process.argv.slice(2);
process.on('uncaughtException', ({ message }) => process.send({ uncaught: message }));
const server = new HttpServer(createReactor({ host }), { port: 0 }, (exchange) => {
  if (!exchange.upgradable) return exchange.answer(204);
  exchange.upgrade({
    data(_, bytes) {
      const error = new Error(Buffer.from(bytes).toString());
      if (error.message === 'reject') return Promise.reject(error);
      throw error;
    },
  });
});
const { port } = await server.ready();
process.send({ port });
