// sendFile: a range of a file behind what was written to a connection.
import * as layout from '../../assembly/layout';
import { CalandriaError, shown, typeError } from '../errors';
import { checkOptions } from './arguments';
import { type Calls, closedError, type Owner } from './calls';
import { File } from './file';

/** How the bytes went: sendfile(2), a mapping of the file, or read and written. */
export type SentVia = 'sendfile' | 'map' | 'read';

export interface SendFileOptions {
  /**
   * Only this way, and an error where it cannot be. Default: the first of 'sendfile', 'map' and
   * 'read' that this file and this host can.
   */
  readonly via?: SentVia;
}

export interface Sent {
  readonly bytesSent: number;
  readonly via: SentVia;
}

const WAYS: Readonly<Record<SentVia, number>> = {
  sendfile: layout.VIA_SEND_FILE,
  map: layout.VIA_MAP,
  read: layout.VIA_READ,
};

/** u64 offset, u64 length. */
const range = new Uint32Array(4);
const rangeBytes = new Uint8Array(range.buffer);

/** Puts a range where the core takes it from. */
function placeRange(calls: Calls, offset: number, length: number): number {
  range[0] = offset % 2 ** 32;
  range[1] = offset / 2 ** 32;
  range[2] = length % 2 ** 32;
  range[3] = length / 2 ** 32;
  return calls.place(rangeBytes).address;
}

function checkPlace(name: string, value: unknown): void {
  if (typeof value === 'number' && Number.isSafeInteger(value) && value >= 0) return;
  throw typeError(name, 'a whole number from 0', value);
}

/** Throws as write() does; what happens later is the promise's, and the connection's `error`. */
export function sendFile(
  calls: Calls,
  owner: Owner,
  file: File,
  offset: number,
  length: number,
  options: SendFileOptions,
): Promise<Sent> {
  if (!(file instanceof File)) throw typeError('file', 'a File', file);
  checkPlace('offset', offset);
  checkPlace('length', length);
  checkOptions('options', options);
  const { via } = options;
  if (via !== undefined && typeof via !== 'string') throw typeError('via', "a way's name", via);
  const way = via === undefined ? 0 : WAYS[via];
  if (way === undefined) {
    const ways = Object.keys(WAYS).join(', ');
    throw new CalandriaError(
      'ERR_CALANDRIA_BAD_OPTION',
      `via is one of ${ways}, not ${shown(options.via)}.`,
    );
  }
  if (calls.closed) throw closedError();
  const { record, generation } = owner;
  const operation = calls.make((core) =>
    core.sendFile(
      record,
      generation,
      file.source.record,
      file.source.generation,
      placeRange(calls, offset, length),
      way,
    ),
  );
  if (operation < 0) throw refusal(operation, file, calls);
  const sent = calls.operations.ask(
    () => operation,
    { syscall: 'sendfile', subject: file.path, path: file.path },
    ({ via }): Sent => ({ bytesSent: length, via: via as string as SentVia }),
  );
  // The connection's own `error` tells it too: who looks at that alone has not overlooked anything.
  sent.catch(() => {});
  return sent;
}

function refusal(result: number, file: File, { memory }: Calls): CalandriaError {
  switch (result) {
    case layout.CALL_NO_FILE:
      return new CalandriaError('ERR_CALANDRIA_CLOSED', `The file is not open: ${file.path}`);
    case layout.CALL_NO_OPERATION:
      return new CalandriaError(
        'ERR_CALANDRIA_LIMIT',
        `${memory.limits.tasks} operations wait already (limits.tasks): sendfile ${file.path}`,
      );
    default:
      return closedError();
  }
}
