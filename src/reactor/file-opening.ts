// Opening files and directories: a record, and when the system has answered the object for it.
import * as layout from '../../assembly/layout';
import { Directory } from './directory';
import { File } from './file';
import { checkBeneath, checkOpen, checkPath, type OpenFileOptions } from './file-arguments';
import { FileSource } from './file-source';
import type { Opening } from './opening';
import { withPath } from './operations';

async function open(
  opening: Opening,
  path: string,
  argument: number,
  value: number,
  name = path,
): Promise<FileSource> {
  const wanted = { kind: layout.KIND_FILE, subject: path, name, argument, value };
  const source = opening.source(wanted, (origin) => new FileSource(origin, opening.operations));
  try {
    await source.ready();
  } catch (error) {
    throw withPath(error as Error, { syscall: 'open', path });
  }
  return source;
}

/** reactor.openFile */
export async function openFile(
  opening: Opening,
  path: string,
  flags: string,
  mode: number,
  options: OpenFileOptions,
): Promise<File> {
  const asked = checkOpen(path, flags, mode, options);
  const source = await open(opening, asked.path, asked.flags, asked.mode);
  return new File({ source, append: (asked.flags & layout.FILE_APPEND) !== 0 });
}

/** reactor.openDirectory */
export async function openDirectory(opening: Opening, path: string): Promise<Directory> {
  return new Directory(opening, await open(opening, checkPath(path), layout.FILE_DIRECTORY, 0));
}

/** directory.openBeneath */
export async function openBeneath(
  opening: Opening,
  { record, generation }: FileSource,
  path: string,
): Promise<File> {
  const name = `${record}.${generation >>> 0}/${checkBeneath(path)}`;
  const source = await open(opening, path, layout.FILE_BENEATH, 0, name);
  return new File({ source, append: false });
}
