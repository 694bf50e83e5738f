// The package: what users import.
import { typeError } from './errors';
import { chooseHost } from './host/choose';
import type { Host } from './host/host';
import { freshSeed } from './host/seed';
import { type Strategy, withStrategy } from './host/strategy';
import { type WatchOptions, watched } from './host/watched';
import { checkOptions } from './reactor/arguments';
import { Reactor, type ReactorOptions } from './reactor/reactor';

export interface CreateReactorOptions extends Partial<Omit<ReactorOptions, 'host'>> {
  /** A host, or its name. Default: CALANDRIA_HOST, else the best that can run here. */
  readonly host?: Host | string;
  /** For a host chosen by name: microseconds to spin before sleeping. Default 0. */
  readonly spin?: number;
  /** How to wait when a turn has left nothing to do. Default 'block': sleep until there is. */
  readonly strategy?: Strategy;
  /** Tell of handlers that block and loops that spin, on node:diagnostics_channel. */
  readonly watch?: boolean | WatchOptions;
}

/** A reactor, attached to the event loop of the thread that calls this. */
export function createReactor(asked: CreateReactorOptions = {}): Reactor {
  checkOptions('options', asked);
  const { host, spin, strategy, watch = false, ...options } = asked;
  if (host !== undefined && typeof host !== 'string') checkOptions('host', host);
  if (spin !== undefined && typeof spin !== 'number') throw typeError('spin', 'a number', spin);
  if (typeof watch !== 'boolean') checkOptions('watch', watch);
  let chosen =
    typeof host === 'object' ? host : chooseHost(host, spin === undefined ? {} : { spin });
  if (strategy !== undefined) chosen = withStrategy(chosen, strategy);
  if (watch !== false) chosen = watched(chosen, watch === true ? {} : watch);
  return new Reactor({
    ...options,
    host: chosen,
    seed: options.seed ?? chosen.seed ?? freshSeed(),
  });
}

export { completeLimits, type Limits } from './core/limits';
export { type CalandriaCode, CalandriaError, type SystemError } from './errors';
export { FileStats } from './files/stats';
export type { ReadOptions, ReadResult, WriteResult } from './files/types';
export {
  type Capabilities,
  type Capability,
  type CapabilityGroup,
  type CapabilityName,
  capabilities,
  type SignalDisposition,
} from './host/capabilities';
export { CANDIDATES as hosts, chooseHost } from './host/choose';
export type { Host, Seam } from './host/host';
export { epoll, kqueue, poll, rtsig, select } from './host/native';
export type { NativeOptions } from './host/native-options';
export { node } from './host/node';
export { nullHost } from './host/null';
export { type RaisedLimit, type ResourceLimit, raiseFdLimit } from './host/resource-limits';
export { type Strategy, type TurnReport, type Waiting, withStrategy } from './host/strategy';
export { type TurnBucket, TurnTimes } from './host/turn-times';
export { type Uring, uring } from './host/uring';
export { type Blocked, type Spinning, type WatchOptions, watched } from './host/watched';
export { type InboxPort, Outbox } from './inbox/outbox';
export type { Address, Endpoint } from './reactor/address';
export type { AdoptOptions } from './reactor/adopt';
export type { Command, StreamKind } from './reactor/command';
export { Connection } from './reactor/connection';
export type { Counters } from './reactor/counters';
export type {
  Datagram,
  DatagramHandlers,
  DatagramMarks,
  DatagramOptions,
} from './reactor/datagram-options';
export { DatagramSocket } from './reactor/datagram-socket';
export { Directory, type DirectoryEntry, type EntryType } from './reactor/directory';
export { File } from './reactor/file';
export type { OpenFileOptions } from './reactor/file-arguments';
export type { Chunks } from './reactor/file-chunks';
export type { FileChange, FileEvent, FileWatch, FileWatchHandlers } from './reactor/file-watch';
export type { Handlers } from './reactor/handlers';
export { type IdleHandler, type IdleOccasion, type IdleOptions, IdleWatcher } from './reactor/idle';
export type { Inbox, InboxHandlers, InboxOptions } from './reactor/inbox';
export { Lease } from './reactor/lease';
export { Listener } from './reactor/listener';
export type { Metrics, StageMetrics } from './reactor/metrics';
export type { AddressChange, LinkChange, NetworkEvent } from './reactor/network-messages';
export type { NetworkHandlers, NetworkOptions, NetworkWatch } from './reactor/network-watch';
export type { Via } from './reactor/operations';
export type { PathChange, PathEvent, PathOverflow } from './reactor/path-changes';
export type { PathHandlers, PathWatch } from './reactor/path-watch';
export type { Policy } from './reactor/policy';
export {
  Process,
  type ProcessEnd,
  type ProcessHandlers,
  type SpawnHandlers,
} from './reactor/process';
export {
  type CloseOptions,
  Reactor,
} from './reactor/reactor';
export type { SendFileOptions, Sent, SentVia } from './reactor/send-file';
export type { Exactness, ReceiveSide, SendSide } from './reactor/sides';
export type { SignalEvent, SignalHandlers, SignalWatch } from './reactor/signal-watch';
export type { ConnectOptions, ListenOptions } from './reactor/socket-options';
export { Timer, type TimerHandler, type TimerOptions } from './reactor/timer';
export type { Trigger } from './reactor/triggers';
export * from './trace';
