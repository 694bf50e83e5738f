// calandria/outside: clocks, names of hosts and heavy work, as events of the loop.
export { createOutside, type JobOptions, Outside, type OutsideOptions } from './outside';
export { WallClock, wallClock } from './wall-clock';
