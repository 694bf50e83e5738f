// A file as it is sent: the bytes, or where they are, and what is said about them.
import type { FileStats } from '../../files/stats';
import type { File } from '../../reactor/file';
import { type HeaderBlock, headerBlock } from '../header-text';
import { PreparedAnswer } from '../prepared-answer';
import { formatHttpDate } from './http-date';
import type { Validators } from './preconditions';

/** 31 December 9999: what a date in a header field can say. */
const SECONDS_MAX = 253_402_300_799;

export interface Description {
  readonly stats: FileStats;
  readonly type: string;
  /** br, zstd, gzip; '' for the file itself. */
  readonly coding: string;
  /** Another client may get another form of it. */
  readonly varies: boolean;
  readonly cacheControl: string | undefined;
  /** ms since 1970, if known. */
  readonly now: number | undefined;
}

type Fields = readonly (readonly [string, string])[];

/**
 * Strong as far as the file system tells changes apart: by length and by time of modification, in
 * nanoseconds. Forms of one file are told apart by their coding.
 */
function entityTag({ size, mtimeNs }: FileStats, coding: string): string {
  const end = coding === '' ? '' : `-${coding}`;
  return `"${size.toString(16)}-${BigInt.asUintN(64, mtimeNs).toString(16)}${end}"`;
}

/** Of a file from the future nothing is said (RFC 9110 section 8.8.2.1). */
function modifiedSeconds({ mtimeNs }: FileStats, now: number | undefined): number | undefined {
  const seconds = Number(mtimeNs / 1_000_000_000n);
  const said =
    seconds >= 0 && seconds <= SECONDS_MAX && (now === undefined || seconds * 1000 <= now);
  return said ? seconds : undefined;
}

export class Representation implements Validators {
  readonly size: number;
  readonly etag: string;
  readonly modified: number | undefined;
  readonly type: string;
  /** Another client may get another form of it. */
  readonly varies: boolean;
  /** Fields of an answer that has no content: of 304, and of what went wrong with conditions. */
  readonly brief: HeaderBlock;
  /** Fields of an answer with the whole of it. */
  readonly full: HeaderBlock;
  /** All of its bytes, as they are sent; else they are in the file. */
  readonly prepared: PreparedAnswer | undefined;
  readonly file: File | undefined;
  private readonly fields: Fields;

  constructor(about: Description, bytes: { content: Uint8Array } | { file: File }) {
    const { stats, type, coding, varies, cacheControl, now } = about;
    this.file = 'file' in bytes ? bytes.file : undefined;
    this.size = stats.size;
    this.etag = entityTag(stats, coding);
    this.modified = modifiedSeconds(stats, now);
    this.type = type;
    this.varies = varies;
    const brief: [string, string][] = [['ETag', this.etag]];
    if (this.modified !== undefined) {
      brief.push(['Last-Modified', formatHttpDate(this.modified)]);
    }
    if (cacheControl !== undefined) brief.push(['Cache-Control', cacheControl]);
    if (varies) brief.push(['Vary', 'Accept-Encoding']);
    this.brief = headerBlock(brief);
    this.fields = brief.concat([['X-Content-Type-Options', 'nosniff']]);
    if (coding !== '') this.fields = [...this.fields, ['Content-Encoding', coding]];
    this.full = headerBlock([...this.fields, ['Content-Type', type], ['Accept-Ranges', 'bytes']]);
    this.prepared =
      'content' in bytes ? new PreparedAnswer(200, this.full, bytes.content) : undefined;
  }

  /** All of its bytes, if they are in memory. */
  get content(): Uint8Array | undefined {
    return this.prepared?.body;
  }

  /** Fields of an answer with parts of it; `type` is that of the parts together. */
  partial(type: string, range?: string): HeaderBlock {
    const place: Fields = range === undefined ? [] : [['Content-Range', range]];
    return headerBlock([...this.fields, ['Content-Type', type], ...place]);
  }
}
