import { join } from 'node:path';
import { serversDirectory } from '../lib/compile.mjs';
import { withServer } from '../lib/contestants.mjs';
import { runLoad, runScript } from '../lib/processes.mjs';

// What a program replay costs, against the run that it replays: both without starting up.
const load = { mode: 'echo', connections: 64, bytes: 64 };

export default {
  name: 'replay',
  title: 'program replay of 64 connections, messages of 64 B',
  measurement: {
    columns: [
      { key: 'replayRatio', label: 'x recorded run', digits: 3 },
      { key: 'replayed', label: 'replay CPU us', digits: 3 },
      { key: 'core', label: 'core dispatch us', digits: 3 },
      { key: 'recorded', label: 'recorded CPU us', digits: 3 },
      { key: 'messages', label: 'messages', digits: 0 },
    ],
    connections: load.connections,
    async measure(contestant, context) {
      const { seconds, warmup } = context.options;
      const trace = context.makeTraceFile();
      try {
        const environment = { ...contestant.environment, BENCH_RECORD: trace.path };
        const recording = { ...contestant, environment, trace: false };
        const result = await withServer(recording, context, (server) =>
          runLoad(
            context.programs.load.path,
            server,
            { ...load, seconds, warmup },
            { core: context.pinning.load },
          ),
        );
        const command = [process.execPath, join(serversDirectory, 'replay.mjs'), trace.path];
        const replay = await runScript(command, { core: context.pinning.server });
        const recorded = result.serverCpuNanoseconds / 1000 / result.messages;
        const replayed = replay.cpuMicroseconds / replay.messages;
        return {
          replayRatio: replayed / recorded,
          replayed,
          core: replay.coreMicroseconds / replay.messages,
          recorded,
          messages: replay.messages,
          errors: result.errors,
        };
      } finally {
        trace.remove();
      }
    },
  },
  contestants: ['record-full'],
  baselines: [],
  targets: [{ contestant: 'record-full', key: 'replayRatio', atMost: 1 / 3 }],
};
