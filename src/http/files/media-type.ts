// The media type of a file, by its name. mime-types keeps the IANA registry's list.
import { extname } from 'node:path';
import { contentType, lookup } from 'mime-types';

const UNKNOWN = 'application/octet-stream';

/** The whole field value: with the charset, where the type is one of text. */
export function mediaTypeOf(name: string): string {
  // A file that is called "html" has no type for that.
  const type = lookup(extname(name)) || UNKNOWN;
  return contentType(type) || type;
}

/** Is it of a type that a compressed form may lie beside? Media are compressed in themselves. */
export function compressible(type: string): boolean {
  return !/^(audio|video|font)\/|^image\/(?!svg|bmp|x-icon)|^application\/(gzip|zip|zstd)/.test(
    type,
  );
}
