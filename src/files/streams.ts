// node:stream over a file. A façade: the reading ahead and the order of writes are File's.
import { Readable, Writable } from 'node:stream';
import type { File } from '../reactor/file';
import type { Chunks } from '../reactor/file-chunks';

export function readStream(file: File, options: Chunks): Readable {
  return Readable.from(file.chunks(options), { objectMode: false });
}

/** From `start` on, or from the file's current position (null). The file is left open. */
export function writeStream(file: File, start: number | null): Writable {
  let position = start;
  const write = (buffers: Buffer[], done: (error?: Error | null) => void): void => {
    file.writev(buffers, position).then(
      ({ bytesWritten }) => {
        if (position !== null) position += bytesWritten;
        done();
      },
      (error: Error) => done(error),
    );
  };
  return new Writable({
    decodeStrings: true,
    write: (chunk: Buffer, _encoding, done) => write([chunk], done),
    writev: (chunks, done) => {
      write(
        chunks.map(({ chunk }) => chunk as Buffer),
        done,
      );
    },
  });
}
