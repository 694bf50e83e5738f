// A path watch: a name for a record that hears of the changes of a file, or of a folder's entries.
import * as layout from '../../assembly/layout';
import { CalandriaError, typeError } from '../errors';
import { checkFunctions } from './arguments';
import { both } from './batch';
import type { Opening } from './opening';
import { type PathChange, type PathEvent, readChanges } from './path-changes';
import {
  handlerNames,
  type Result,
  Source,
  type SourceHandlers,
  type SourceOrigin,
  wantsOfSource,
} from './source';

export interface PathHandlers extends SourceHandlers<PathWatch> {
  change?(watch: PathWatch, change: PathChange): Result;
  /** Changes were lost: look for yourself. */
  overflow?(watch: PathWatch): Result;
}

export class PathWatch extends Source<PathEvent> {
  readonly path: string;
  protected readonly doing = 'read';
  private readonly own: string;
  protected readonly handlers: PathHandlers;

  /** Watches come from reactor.watchPath(). */
  constructor(origin: SourceOrigin, handlers: PathHandlers) {
    super(origin);
    this.path = origin.subject;
    this.own = lastPart(origin.subject);
    this.handlers = handlers;
  }

  /** Internal. */
  arrived(batch: Uint8Array): Result {
    const { events, gone } = readChanges(batch, this.own);
    const { handlers } = this;
    let result = undefined as Result;
    for (const event of events) {
      if (!this.listening) return result;
      this.tell(event);
      const heard =
        event.kind === 'overflow' ? handlers.overflow?.(this) : handlers.change?.(this, event);
      result = both(result, heard);
    }
    if (gone && this.listening) this.close();
    return result;
  }
}

function lastPart(path: string): string {
  return path.replace(/\/+$/, '').replace(/^.*\//, '') || path;
}

/** limits.h: PATH_MAX counts the final zero. */
const PATH_MAX = 4095;

export function watchPath(opening: Opening, path: string, handlers: PathHandlers): PathWatch {
  if (typeof path !== 'string') throw typeError('path', 'a string', path);
  if (path === '' || path.includes('\0') || Buffer.byteLength(path) > PATH_MAX) {
    throw new CalandriaError(
      'ERR_CALANDRIA_BAD_OPTION',
      `A path has 1 to ${PATH_MAX} bytes and no NUL, not ${JSON.stringify(path.slice(0, 100))}.`,
    );
  }
  checkFunctions('handlers', handlers, handlerNames('change', 'overflow'));
  return opening.source(
    { kind: layout.KIND_PATH, subject: path, name: path, wants: wantsOfSource(handlers) },
    (origin) => new PathWatch(origin, handlers),
  );
}
