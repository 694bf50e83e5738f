// Conditional requests: what the client knows of a representation already, and whether that changes
// the answer. RFC 9110 section 13.
import { parseHttpDate } from './http-date';

export interface Validators {
  /** A strong entity tag, with its quotes. */
  readonly etag: string;
  /** Seconds since 1970; undefined when no date can say it. */
  readonly modified: number | undefined;
}

/** The value of a request's field (in lower case), lines of the same name joined. */
export type Field = (name: string) => string | undefined;

/** An element of a list of entity tags (sections 5.6.1, 8.8.3), from where the last one ended. */
const ELEMENT = /[\s,]*((?:W\/)?"[!\x23-\x7e\x80-\xff]*")\s*(?:,|$)/y;

/** Does the list have the tag? Only a weak comparison (section 8.8.3.2) looks past a "W/". */
function lists(value: string, etag: string, weak: boolean): boolean {
  if (value.trim() === '*') return true;
  ELEMENT.lastIndex = 0;
  for (let element = ELEMENT.exec(value); element; element = ELEMENT.exec(value)) {
    const [, tag] = element;
    if (tag === etag || (weak && tag === `W/${etag}`)) return true;
  }
  return false;
}

/** Is the date one, and the representation newer? Undefined when nothing can be said. */
function newerThan(date: string, { modified }: Validators): boolean | undefined {
  const seconds = parseHttpDate(date);
  return modified === undefined || Number.isNaN(seconds) ? undefined : modified > seconds;
}

/**
 * 412, 304, or 0 to go on: the order of section 13.2.2. For GET and HEAD of something that exists.
 */
export function precondition(field: Field, validators: Validators): 0 | 304 | 412 {
  const match = field('if-match');
  if (match !== undefined) {
    if (!lists(match, validators.etag, false)) return 412;
  } else {
    const unmodified = field('if-unmodified-since');
    if (unmodified !== undefined && newerThan(unmodified, validators)) return 412;
  }
  const noneMatch = field('if-none-match');
  if (noneMatch !== undefined) return lists(noneMatch, validators.etag, true) ? 304 : 0;
  const since = field('if-modified-since');
  return since !== undefined && newerThan(since, validators) === false ? 304 : 0;
}

/**
 * Does a range mean this representation? Without If-Range it does. A date has to be the very one,
 * and old enough that nothing can have changed in its second since: `now` in ms, if known.
 */
export function rangeApplies(
  condition: string | undefined,
  { etag, modified }: Validators,
  now: number | undefined,
): boolean {
  if (condition === undefined) return true;
  const value = condition.trim();
  if (value.startsWith('"') || value.startsWith('W/')) return value === etag;
  if (now === undefined || parseHttpDate(value) !== modified) return false;
  return modified !== undefined && now / 1000 - modified > 1;
}
