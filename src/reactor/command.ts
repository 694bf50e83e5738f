// A command as OPEN wants it (assembly/layout.ts, STREAM_): texts, each ended by a NUL.
import * as layout from '../../assembly/layout';
import { CalandriaError, typeError } from '../errors';
import { checkOptions } from './arguments';

/** What a standard stream of a child is: a pipe to us, ours, or nothing (the null device). */
export type StreamKind = 'pipe' | 'inherit' | 'ignore';

export interface Command {
  /** A path, or a name that is looked for along PATH (execvp(3)). */
  readonly file: string;
  /** Without the first, which is the file. Default none. */
  readonly args?: readonly string[];
  /** All of the child's variables. Default: this process's. */
  readonly env?: Readonly<Record<string, string | undefined>>;
  /** Folder to start in. Default: this process's. */
  readonly cwd?: string;
  /** Default 'pipe', for each of them. */
  readonly stdin?: StreamKind;
  readonly stdout?: StreamKind;
  readonly stderr?: StreamKind;
}

export const STREAMS = ['stdin', 'stdout', 'stderr'] as const;

const KINDS: Readonly<Record<StreamKind, number>> = {
  ignore: layout.STREAM_IGNORE,
  inherit: layout.STREAM_INHERIT,
  pipe: layout.STREAM_PIPE,
};

function checkText(name: string, value: unknown): string {
  if (typeof value !== 'string') throw typeError(name, 'a string', value);
  if (!value.includes('\0')) return value;
  throw new CalandriaError('ERR_CALANDRIA_BAD_OPTION', `${name} has a NUL in it.`);
}

/** STREAM_ of each standard stream. */
export function streamsOf(command: Command): number {
  let bits = 0;
  for (const [which, name] of STREAMS.entries()) {
    const kind = command[name] ?? 'pipe';
    if (!Object.hasOwn(KINDS, kind)) {
      throw typeError(name, "'pipe', 'inherit' or 'ignore'", kind);
    }
    bits |= KINDS[kind] << (which * layout.STREAM_SHIFT);
  }
  return bits;
}

/** The bytes of the command; all is checked before anything is asked for. */
export function encodeCommand(command: Command): string {
  checkOptions('the command', command);
  const file = checkText('file', command.file);
  const { args = [], cwd = '', env } = command;
  if (file === '') throw new CalandriaError('ERR_CALANDRIA_BAD_OPTION', 'file is empty.');
  if (!Array.isArray(args)) throw typeError('args', 'an array of strings', args);
  const texts = [file, ...args.map((text, place) => checkText(`args[${place}]`, text))];
  const variables = env === undefined ? undefined : variablesOf(env);
  const parts = [
    String(texts.length),
    variables ? String(variables.length) : '-',
    file,
    checkText('cwd', cwd),
    ...texts,
    ...(variables ?? []),
  ];
  const encoded = `${parts.join('\0')}\0`;
  const length = Buffer.byteLength(encoded);
  if (length <= layout.WRITE_CHUNK) return encoded;
  throw new CalandriaError(
    'ERR_CALANDRIA_LIMIT',
    `A command has at most ${layout.WRITE_CHUNK} bytes, arguments and variables included;` +
      ` this one has ${length}.`,
  );
}

function variablesOf(env: Readonly<Record<string, string | undefined>>): string[] {
  checkOptions('env', env);
  return Object.entries(env)
    .filter(([, value]) => value !== undefined)
    .map(([name, value]) => `${checkText('env', name)}=${checkText(`env.${name}`, value)}`);
}
