// One of the threads of `calandria serve --workers`: a reactor and a server of its own.
import { parentPort, workerData } from 'node:worker_threads';
import type { ServeParameters } from '../programs/serve';
import { type RecordingOptions, serveReactor } from './serve-reactor';
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
  const { served } = serveReactor(parameters, recording, {
    print,
    warn: (message) => post({ kind: 'warn', message }),
    note: (message) => post({ kind: 'note', message }),
  });
  try {
    const { port } = await served.ready();
    post({ kind: 'ready', port, orders: served.orders });
  } catch (error) {
    const { message, code } = error as NodeJS.ErrnoException;
    post({ kind: 'failed', message, code });
  }
}

void work(workerData as ServeWork);
