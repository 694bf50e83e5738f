// The echo server: what comes in goes out, and nothing is held. A peer that does not take its
// answers is not read from either, so the kernel's buffers fill up and stop it.
import type { Listener } from '../reactor/listener';
import type { Reactor } from '../reactor/reactor';

export interface EchoParameters {
  readonly port: number;
  readonly address: string;
}

export function echo(reactor: Reactor, { port, address }: EchoParameters): Listener {
  return reactor.listen(
    { port, address },
    {
      data(connection, bytes) {
        if (!connection.write(bytes)) connection.read(0);
      },
      drain(connection) {
        connection.read(Number.POSITIVE_INFINITY);
      },
      end(connection) {
        connection.end();
      },
    },
  );
}
