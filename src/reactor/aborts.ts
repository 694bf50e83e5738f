// AbortSignals: a signal may outlive a million connections, so each one's listener goes with it.

export class Aborts {
  private readonly watched = new Map<object, () => void>();

  /** Runs `action` when the signal aborts while `target` lives. */
  watch(target: object, signal: AbortSignal | undefined, action: () => void): void {
    if (!signal) return;
    if (signal.aborted) return action();
    signal.addEventListener('abort', action, { once: true });
    this.watched.set(target, () => signal.removeEventListener('abort', action));
  }

  /** The target is gone. */
  forget(target: object): void {
    if (this.watched.size === 0) return;
    this.watched.get(target)?.();
    this.watched.delete(target);
  }
}
