// From an open file to a representation: looks at it, and reads it if it is short.
import { CalandriaError } from '../../errors';
import type { FileStats } from '../../files/stats';
import type { File } from '../../reactor/file';
import { type Description, Representation } from './representation';

/** Files up to this are read, and leave in one piece with the head; others are sent as files. */
export const SHORT = 16 << 10;
/**
 * A file that others write while it is read is looked at again, so that what is said of it fits. If
 * they never stop, it has to be enough that it is as long.
 */
const LOOKS = 3;

/** What is said of a file besides what its status says. */
export type About = Omit<Description, 'stats'>;

/** Closes the file, unless the representation needs it. */
export async function represent(file: File, about: About): Promise<Representation> {
  try {
    for (let look = 0; look < LOOKS; look++) {
      const stats = await file.stat();
      const description = { ...about, stats };
      if (stats.size > SHORT) return new Representation(description, { file });
      const content = await contentOf(file, stats, look === LOOKS - 1);
      if (content) {
        void file.close();
        return new Representation(description, { content });
      }
    }
  } catch (error) {
    void file.close();
    throw error;
  }
  void file.close();
  throw new CalandriaError('ERR_CALANDRIA_LIMIT', `${file.path} gets shorter all the time.`);
}

/** As many bytes as its status says; undefined when it is not what it was by then. */
async function contentOf(
  file: File,
  stats: FileStats,
  last: boolean,
): Promise<Uint8Array | undefined> {
  const { size, mtimeNs, ctimeMs } = stats;
  const content = Buffer.allocUnsafeSlow(size);
  if (size === 0) return content;
  const { bytesRead } = await file.read(content, 0, size, 0);
  if (last) return bytesRead === size ? content : undefined;
  const after = await file.stat();
  const same = after.size === size && after.mtimeNs === mtimeNs && after.ctimeMs === ctimeMs;
  return same && bytesRead === size ? content : undefined;
}
