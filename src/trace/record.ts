// record(host, where): a decorator over any host. The reactor does not know that it is there.
import * as layout from '../../assembly/layout';
import { CalandriaError } from '../errors';
import type { Host } from '../host/host';
import type { Ring } from '../inbox/ring';
import type { Payload } from './format';
import { Recorder } from './recorder';
import { fileSink, type Sink } from './sink';

export interface RecordOptions {
  /**
   * 'digest' keeps a digest for each 4 KiB instead of the bytes: smaller and cheaper, but only the
   * core can be replayed. Default 'full'.
   */
  readonly payload?: Payload;
  /**
   * 'copy': what sendFile sends is read and written, so that the trace has its bytes too. Default
   * 'reference': operation, file, offset, length and result.
   */
  readonly files?: 'reference' | 'copy';
  /** The recording ended because it could not be written. Default: a process warning. */
  readonly onError?: (error: CalandriaError) => void;
}

/** Records everything that passes through the host's seam into a file (or any sink). */
export function record(host: Host, where: string | Sink, options: RecordOptions = {}): Host {
  const { payload = 'full', files = 'reference', onError = warn } = options;
  if (payload !== 'full' && payload !== 'digest') {
    throw new CalandriaError(
      'ERR_CALANDRIA_BAD_OPTION',
      `payload is "full" or "digest", not ${JSON.stringify(payload)}.`,
    );
  }
  if (files !== 'reference' && files !== 'copy') {
    throw new CalandriaError(
      'ERR_CALANDRIA_BAD_OPTION',
      `files is "reference" or "copy", not ${JSON.stringify(files)}.`,
    );
  }
  let recorder: Recorder | undefined;
  const finish = (): void => {
    if (!recorder) return;
    living.delete(recorder);
    recorder.end();
  };
  return {
    name: host.name,
    settings:
      (host.settings ?? 0) |
      layout.SETTING_TRACE |
      (files === 'copy' ? layout.SETTING_COPY_FILES : 0) |
      (payload === 'digest' ? layout.SETTING_TRACE_DIGEST : 0),
    ...(host.ringBytes === undefined ? {} : { ringBytes: host.ringBytes }),
    ...(host.seed === undefined ? {} : { seed: host.seed }),
    ...(host.core ? { core: host.core } : {}),
    ...(host.share ? { share: (id: number, ring: Ring) => host.share?.(id, ring) } : {}),
    ...(host.unshare ? { unshare: (id: number) => host.unshare?.(id) } : {}),
    ...(host.thrown ? { thrown: (error: unknown) => host.thrown?.(error) } : {}),
    open(seam) {
      const sink = typeof where === 'string' ? fileSink(where) : where;
      const writer = new Recorder(seam.memory, seam.description, sink, {
        payload,
        host: host.name,
        onError,
      });
      recorder = writer;
      endWithProcess(writer);
      try {
        host.open({
          ...seam,
          ingest: () => writer.in(seam.ingest),
          end() {
            seam.end();
            writer.out();
          },
        });
      } catch (error) {
        finish();
        throw error;
      }
    },
    wake: () => host.wake(),
    hold: (hold) => host.hold(hold),
    close() {
      host.close();
      // The turn that closes the reactor is complete when it does.
      recorder?.out();
      finish();
    },
    spill: () => recorder?.spill(),
  };
}

const living = new Set<Recorder>();
let watching = false;

/** A process that simply runs out of work has ended its recordings too. */
function endWithProcess(recorder: Recorder): void {
  living.add(recorder);
  if (watching) return;
  watching = true;
  process.once('exit', () => {
    for (const left of living) left.end();
  });
}

function warn({ message, name, code }: CalandriaError): void {
  // As text: Node takes an Error only if it is of its own realm, and under Jest it is not.
  process.emitWarning(message, { type: name, code });
}
