// What a server could not do when it started, and what to do about it.
import type { ServeParameters, ServeStep } from '../programs/serve';
import { UserError } from './exit';
import { listenAdvice } from './listening';

export type StartStep = ServeStep | 'recording';

/** An error of the system, with the step that it ended. */
export class StartError extends Error {
  readonly code: string | undefined;
  readonly step: StartStep;

  constructor(step: StartStep, message: string, code: string | undefined) {
    super(message);
    this.step = step;
    this.code = code;
  }
}

export function explained(
  { step, code, message }: StartError,
  { directory, log, port, address }: ServeParameters,
  recording: string | undefined,
): UserError {
  switch (step) {
    case 'folder':
      return folderFailure(directory, message, code);
    case 'log':
      return new UserError(`--log ${log} cannot be written: ${message}`, fileAdvice(code));
    case 'recording':
      return recordingFailure(recording as string, message, code);
    case 'address':
      return new UserError(message, listenAdvice('serve', code, port, address));
  }
}

export function recordingFailure(file: string, message: string, code?: string): UserError {
  return new UserError(`--record ${file} cannot be written: ${message}`, fileAdvice(code));
}

export function folderFailure(directory: string, message: string, code?: string): UserError {
  const next =
    code === 'EACCES'
      ? 'Serving a folder needs the right to read it, and to search it and those above it.'
      : '`calandria serve DIRECTORY` serves a folder.';
  return new UserError(`${directory} cannot be served: ${message}`, next);
}

function fileAdvice(code: string | undefined): string {
  switch (code) {
    case 'ENOENT':
      return 'The folder that the file is to be in does not exist: make it, or name another file.';
    case 'EISDIR':
      return 'It is a folder: name a file in it.';
    case 'EACCES':
      return 'This needs the right to write the file, and to search the folder: name another file.';
    default:
      return 'Name another file.';
  }
}
