// One of the threads of `calandria serve --workers`: a reactor and a server of its own.
import { parentPort, workerData } from 'node:worker_threads';
import type { ServeParameters } from '../programs/serve';
import { StartError } from './serve-failure';
import { portOf, type RecordingOptions, serveReactor } from './serve-reactor';
import type { Printed, WorkerMessage } from './worker-group';

export interface ServeWork {
  readonly parameters: ServeParameters;
  readonly recording: RecordingOptions;
}

function post(message: WorkerMessage): void {
  parentPort?.postMessage(message);
}

/** One at a time: the answer is that of the last one. */
function print(text: string): Promise<void> {
  return new Promise((resolve, reject) => {
    parentPort?.once('message', ({ failure }: Printed) => {
      if (failure === undefined) resolve();
      else reject(new Error(failure));
    });
    // Who has given up waiting ends.
    parentPort?.unref();
    post({ kind: 'print', text });
  });
}

async function work({ parameters, recording }: ServeWork): Promise<void> {
  try {
    const { served } = serveReactor(parameters, recording, {
      print,
      warn: (message) => post({ kind: 'warn', message }),
      note: (message) => post({ kind: 'note', message }),
    });
    post({ kind: 'ready', port: await portOf(served), orders: served.orders });
  } catch (error) {
    if (!(error instanceof StartError)) throw error;
    const { message, code, step } = error;
    post({ kind: 'failed', message, code, step });
  }
}

void work(workerData as ServeWork);
