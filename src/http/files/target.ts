// Where a request's target leads: names below the root, taken apart and judged before any file
// system hears of them. There is one spelling of each place; the others are served too, but nothing
// is kept under them.

/** A place below the root. */
export interface Place {
  /** Names joined by "/"; '' is the root itself. */
  readonly path: string;
  /** The target ends with a slash: it means the folder of that name. */
  readonly folder: boolean;
  /** The path of the target as this server would spell it. */
  readonly canonical: string;
  /** "?" and what follows it, or ''. */
  readonly query: string;
}

export const BAD_TARGET = 400;
export const FORBIDDEN_TARGET = 403;
export const NO_SUCH_TARGET = 404;

/** RFC 3986 section 2: everything else has to be percent-encoded. */
const PRINTABLE = /^[!-[\]-~]*$/;
/** RFC 9112 section 3.2.2: who means us by a whole URI means its path. */
const ABSOLUTE_FORM = /^https?:\/\/[^/?]*/i;
/** In no name: slashes of both kinds, and control characters. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for.
const UNFIT = /[/\\\x00-\x1f\x7f-\x9f]/;
/** RFC 8615: the one hidden name that is meant for everybody. */
const WELL_KNOWN = '.well-known';

/** The name that a segment of the path stands for, or the status to refuse it with. */
function nameOf(segment: string): string | number {
  let name = segment;
  if (segment.includes('%')) {
    try {
      // Throws on what is no hexadecimal number, and on what is no UTF-8, overlong bytes included.
      name = decodeURIComponent(segment);
    } catch {
      return BAD_TARGET;
    }
  }
  if (UNFIT.test(name)) return BAD_TARGET;
  if (name === '.' || name === '..') return FORBIDDEN_TARGET;
  // An empty name is no second spelling of the names beside it.
  return name === '' ? NO_SUCH_TARGET : name;
}

function spelled(name: string): string {
  return encodeURI(name).replace(/[?#]/g, encodeURIComponent);
}

/** Where the target leads, or the status to refuse it with. */
export function placeOf(target: string, hidden: boolean): Place | number {
  if (!PRINTABLE.test(target)) return BAD_TARGET;
  let own = target;
  if (!target.startsWith('/')) {
    const authority = ABSOLUTE_FORM.exec(target);
    if (!authority) return BAD_TARGET;
    own = target.slice(authority[0].length);
  }
  const mark = own.indexOf('?');
  const query = mark < 0 ? '' : own.slice(mark);
  const path = (mark < 0 ? own : own.slice(0, mark)) || '/';
  const segments = path.slice(1).split('/');
  const folder = segments.at(-1) === '';
  if (folder) segments.pop();
  const names: string[] = [];
  for (const segment of segments) {
    const name = nameOf(segment);
    if (typeof name === 'number') return name;
    const shown = hidden || !name.startsWith('.') || (name === WELL_KNOWN && names.length === 0);
    if (!shown) return NO_SUCH_TARGET;
    names.push(name);
  }
  const canonical = `/${names.map(spelled).join('/')}${folder && names.length > 0 ? '/' : ''}`;
  return { path: names.join('/'), folder: folder || names.length === 0, canonical, query };
}
