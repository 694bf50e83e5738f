// Traces: recording them, reading them, replaying them.

export type { Call } from './calls';
export { type CoreReplayOptions, replayCore } from './core-replay';
export { type Divergence, formatDivergence, type Report, type Verdict } from './divergence';
export { FORMAT, type Payload, type TraceHeader } from './format';
export {
  type Program,
  type ProgramReplayOptions,
  type ProgramReport,
  type ReplayObserver,
  replayProgram,
} from './program-replay';
export { type RecordOptions, record } from './record';
export { fileSink, type Sink } from './sink';
export { type Ending, openTrace, type PayloadRange, Trace, type TurnBlock } from './trace';
