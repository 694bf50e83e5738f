// calandria/outside: clocks, names of hosts and heavy work, as events of the loop.
export { type LookupOptions, lookup } from './lookup';
export { createOutside, type JobOptions, Outside, type OutsideOptions } from './outside';
export { createPool, type OffloadOptions, Pool, type PoolOptions } from './pool';
export { WallClock, wallClock } from './wall-clock';
export type { ModuleWork } from './work';
