// calandria/threads: light threads whose reads and writes look blocking.
export type { First } from './any';
export { Channel } from './channel';
export { ThreadConnection } from './connection';
export { type OpenOptions, ThreadFile } from './file';
export { type Body, Thread } from './thread';
export {
  createThreads,
  type SpawnOptions,
  Threads,
  type ThreadsMetrics,
  type ThreadsOptions,
} from './threads';
