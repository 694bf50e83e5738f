// The file of BENCH_FILE on calandria's sendFile: who asks for it gets it, all else is echoed.

import { calandria, need } from './library.mjs';
import { isRequest } from './request.mjs';

need('Reactor.openFile', 'Connection.sendFile');
const reactor = calandria.createReactor();
const file = await reactor.openFile(process.env.BENCH_FILE);
const { size } = await file.stat();
const listener = reactor.listen(
  { port: 0, address: '127.0.0.1' },
  {
    data(connection, bytes) {
      // A client asks for one file at a time, so what false says need not be heeded.
      if (isRequest(bytes)) connection.sendFile(file, 0, size);
      else connection.write(bytes);
    },
  },
);
const { port } = await listener.ready();
console.log(`listening on 127.0.0.1:${port}`);
