// A file watch: hears of changes of any number of open files and folders, in one order.
//
// It is a fence (assembly/fences.ts): what happened before bytes of a connection were sent is told
// before these bytes are. Who keeps what is in a file can rely on that; it is what this is for, and
// a host that cannot promise it has none (EOPNOTSUPP).
import * as layout from '../../assembly/layout';
import { typeError } from '../errors';
import { checkFunctions } from './arguments';
import { both } from './batch';
import { Directory } from './directory';
import { File } from './file';
import type { Opening } from './opening';
import type { Operations } from './operations';
import * as inotify from './path-changes';
import {
  handlerNames,
  type Result,
  Source,
  type SourceHandlers,
  type SourceOrigin,
  wantsOfSource,
} from './source';

export interface FileChange {
  /** What was watched: the number that add() answered. */
  readonly number: number;
  /**
   * 'entry': in a folder, something by this name came, went, or took the place of another; 'write':
   * a file was written to or cut off; 'attributes': permissions, owner, times, links; 'gone': it
   * was deleted or moved, or its file system unmounted, or it is not watched any more.
   */
  readonly kind: 'entry' | 'write' | 'attributes' | 'gone';
  /** Of an 'entry' its name, else ''. */
  readonly name: string;
}

export interface FileWatchHandlers extends SourceHandlers<FileWatch> {
  change?(watch: FileWatch, change: FileChange): Result;
  /** Anything may have changed: more happened than the kernel's queue holds, or could be read. */
  overflow?(watch: FileWatch): Result;
}

export type FileEvent = FileChange | { readonly kind: 'overflow' };

export class FileWatch extends Source<FileEvent> {
  protected readonly doing = 'read';
  protected readonly handlers: FileWatchHandlers;
  private readonly operations: Operations;

  /** Watches come from reactor.watchFiles(). */
  constructor(origin: SourceOrigin, operations: Operations, handlers: FileWatchHandlers) {
    super(origin);
    this.operations = operations;
    this.handlers = handlers;
  }

  /**
   * Watches what is open here, wherever it is moved, and answers its number: the same for the same
   * file. The descriptor is not needed any longer. Rejects with EOPNOTSUPP when other machines may
   * change it, too; with ENOSPC when this user may not watch more.
   */
  async add(file: File | Directory): Promise<number> {
    if (!(file instanceof File) && !(file instanceof Directory)) {
      throw typeError('file', 'a File or a Directory', file);
    }
    await this.ready();
    const { record, generation } = file.source;
    const named = new Uint8Array(new Uint32Array([record, generation]).buffer);
    return this.operations.ask(
      (core) => {
        const { address, length } = this.calls.place(named);
        return core.operate(
          this.record,
          this.generation,
          layout.TASK_CONTROL,
          0,
          layout.CONTROL_WATCH,
          address,
          length,
        );
      },
      { syscall: 'inotify_add_watch', subject: file.path, path: file.path },
      ({ bytes }) => new DataView(bytes.buffer, bytes.byteOffset).getUint32(0, true),
    );
  }

  /** What happens to it is not told any more, but that it is 'gone'. */
  remove(number: number): void {
    if (!Number.isInteger(number)) throw typeError('number', 'a whole number', number);
    const { record, generation } = this;
    const task = layout.TASK_CONTROL;
    const asked = { syscall: 'inotify_rm_watch', subject: this.subject };
    this.operations
      .ask(
        (core) => core.operate(record, generation, task, number, layout.CONTROL_UNWATCH, 0, 0),
        asked,
        () => undefined,
      )
      // It went by itself: then nobody is told twice.
      .catch(() => {});
  }

  /** Internal. */
  arrived(batch: Uint8Array): Result {
    const { handlers } = this;
    let result = undefined as Result;
    for (const event of eventsOf(batch)) {
      if (!this.listening) return result;
      this.tell(event);
      const heard =
        event.kind === 'overflow' ? handlers.overflow?.(this) : handlers.change?.(this, event);
      result = both(result, heard);
    }
    return result;
  }
}

const ENTRY = inotify.IN_CREATE | inotify.IN_DELETE | inotify.IN_MOVED_FROM | inotify.IN_MOVED_TO;
const GONE =
  inotify.IN_DELETE_SELF | inotify.IN_MOVE_SELF | inotify.IN_UNMOUNT | inotify.IN_IGNORED;

/** An empty batch is the fence's own: it could not be read to its end. */
function* eventsOf(batch: Uint8Array): Generator<FileEvent> {
  if (batch.length === 0) yield { kind: 'overflow' };
  for (const { watch, mask, name } of inotify.recordsOf(batch)) {
    if (mask & inotify.IN_Q_OVERFLOW) yield { kind: 'overflow' };
    else if (mask & GONE) yield { number: watch, kind: 'gone', name: '' };
    else if (mask & ENTRY) yield { number: watch, kind: 'entry', name };
    else if (mask & inotify.IN_MODIFY) yield { number: watch, kind: 'write', name: '' };
    else if (name !== '') yield { number: watch, kind: 'entry', name };
    else yield { number: watch, kind: 'attributes', name: '' };
  }
}

const SUBJECT = 'files';

export function watchFiles(opening: Opening, handlers: FileWatchHandlers): FileWatch {
  checkFunctions('handlers', handlers, handlerNames('change', 'overflow'));
  const wanted = {
    kind: layout.KIND_PATH,
    subject: SUBJECT,
    argument: layout.PATH_SET,
    wants: wantsOfSource(handlers) | layout.WANTS_FENCE,
  };
  return opening.source(wanted, (origin) => new FileWatch(origin, opening.operations, handlers));
}
