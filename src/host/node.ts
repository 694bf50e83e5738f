// The node host: pure JavaScript on node:net, so it runs wherever Node does. What node:net does in
// its own time is answered "in progress", and told by an event.
import { connect, type NetConnectOpts } from 'node:net';
import { threadId } from 'node:worker_threads';
import * as layout from '../../assembly/layout';
import { word } from '../core/memory';
import type { Ring } from '../inbox/ring';
import { Alarm } from './alarm';
import { driven } from './driven';
import type { Host, Seam } from './host';
import { ListenerSource } from './node-listener';
import { OPENERS } from './node-openers';
import type { Source } from './node-source';
import { HIGH_WATER, Stream } from './node-stream';
import { canReusePort } from './reuse-port';
import { SourceHost, type WantedSocket } from './source-host';

class NodeHost extends SourceHost {
  readonly name = 'node';
  protected readonly openers = OPENERS;
  private alarm!: Alarm;

  override open(seam: Seam, wake: () => void): void {
    super.open(seam, wake);
    this.alarm = new Alarm(wake);
  }

  protected clock(): bigint {
    return this.alarm.now;
  }

  /** node:net tells later what became of them. */
  protected makeSocket(wanted: WantedSocket): Source {
    const { dial, name, port, options, backlog } = wanted;
    const where: NetConnectOpts =
      options & layout.SOCKET_LOCAL
        ? // unix(7): an abstract name begins with a zero byte.
          { path: name.startsWith('@') ? `\0${name.slice(1)}` : name }
        : { host: name, port };
    const noDelay = (options & layout.SOCKET_NO_DELAY) !== 0;
    const keepAlive = (options & layout.SOCKET_KEEP_ALIVE) !== 0;
    if (dial) {
      // highWaterMark reaches the stream's constructor, although the types do not know it.
      const how = { noDelay, keepAlive, allowHalfOpen: true, highWaterMark: HIGH_WATER };
      const stream = new Stream(connect({ ...where, ...how }), this.report);
      stream.start();
      return stream;
    }
    // Node closes what it was given, and cannot duplicate it.
    if (options & layout.SOCKET_SHARED) throw Object.assign(new Error(), { code: 'EOPNOTSUPP' });
    const given = (options & layout.SOCKET_GIVEN) !== 0;
    const reusePort = (options & layout.SOCKET_REUSE_PORT) !== 0;
    if (reusePort && !canReusePort()) throw Object.assign(new Error(), { code: 'EOPNOTSUPP' });
    const ipv6Only = (options & layout.SOCKET_IPV6_ONLY) !== 0;
    return new ListenerSource(
      given
        ? { fd: backlog }
        : { ...where, backlog, ipv6Only, ...(reusePort ? { reusePort } : {}) },
      { noDelay, keepAlive, waitingMax: word(this.memory, layout.RECORDS_MAX) },
      this.report,
    );
  }

  arm(deadline: bigint): void {
    this.alarm.arm(deadline);
  }

  /** Sockets and servers keep nothing alive; this does, while the reactor has work. */
  hold(hold: boolean): void {
    this.alarm.hold(hold);
  }

  share(id: number, ring: Ring): void {
    ring.attend(-1, threadId);
    this.rings.set(id, ring);
  }

  override close(): void {
    this.alarm.close();
    super.close();
  }
}

/** Everywhere: node:net. */
export function node(): Host {
  // Nothing of Node's sends from a file: it is read and written.
  return { ...driven(new NodeHost()), settings: layout.SETTING_COPY_FILES };
}
