// A network without a kernel for a crowd: so many peers dial one listener, each says something and
// then ends. What a turn brings is decided by the reactor's limits alone, and each takes one
// millisecond.
import * as layout from '../../assembly/layout';
import { driven } from '../../src/host/driven';
import type { Opener } from '../../src/host/node-openers';
import { type AcceptedSource, Source } from '../../src/host/node-source';
import { SourceHost } from '../../src/host/source-host';
import type { Host } from '../../src/index';
import type { ScriptedStream } from '../../src/protocols/kit/scripted-stream';
import { writePeer } from '../../src/reactor/address';

const TURN_TAKES = 1_000_000n;

class CrowdListener extends Source {
  override readonly opensAtOnce = true;
  private next = 0;
  private readonly peers: readonly AcceptedSource[];

  constructor(report: (source: Source) => void, peers: readonly AcceptedSource[]) {
    super(report);
    this.peers = peers;
  }

  get available(): number {
    return this.peers.length - this.next;
  }

  start(): void {
    this.raise(layout.READY_IN);
  }

  name(bytes: Uint8Array, at: number): void {
    writePeer(bytes, at, '127.0.0.1', 1);
  }

  status(): number {
    return 0;
  }

  override accept(): AcceptedSource | number {
    return this.peers[this.next++] ?? -layout.ERROR_AGAIN;
  }

  close(): void {
    this.closed = true;
  }
}

type MakePeer<Peer> = new (report: (source: Source) => void) => Peer;

class CrowdHost<Peer extends ScriptedStream> extends SourceHost {
  readonly name = 'crowd';
  readonly peers: Peer[];
  private now = 0n;
  protected readonly openers: Readonly<Record<number, Opener>> = {};

  constructor(size: number, make: MakePeer<Peer>) {
    super();
    this.peers = Array.from({ length: size }, () => new make(this.report));
  }

  protected clock(): bigint {
    this.now += TURN_TAKES;
    return this.now;
  }

  protected makeSocket(): Source {
    const listener = new CrowdListener(this.report, this.peers);
    setImmediate(() => listener.start());
    return listener;
  }

  /** Time passes at once. */
  arm(deadline: bigint): void {
    if (deadline === 0n) return;
    this.now = deadline;
    setImmediate(this.wake);
  }

  hold(): void {}
}

export interface Crowd<Peer> {
  readonly host: Host;
  readonly peers: readonly Peer[];
}

export function crowd<Peer extends ScriptedStream>(
  size: number,
  make: MakePeer<Peer>,
): Crowd<Peer> {
  const crowdHost = new CrowdHost(size, make);
  return { host: driven(crowdHost), peers: crowdHost.peers };
}
