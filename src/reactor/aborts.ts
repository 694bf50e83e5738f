// AbortSignals: a signal may outlive a million connections, so each one's entry goes with it. A
// signal is listened to once, however many it ends.

export class Aborts {
  private readonly signals = new Map<object, AbortSignal>();
  private readonly actions = new Map<AbortSignal, Map<object, () => void>>();

  /** Runs `action` when the signal aborts while `target` lives. */
  watch(target: object, signal: AbortSignal | undefined, action: () => void): void {
    if (!signal) return;
    if (signal.aborted) return action();
    let actions = this.actions.get(signal);
    if (!actions) {
      actions = new Map();
      this.actions.set(signal, actions);
      signal.addEventListener('abort', this.aborted);
    }
    actions.set(target, action);
    this.signals.set(target, signal);
  }

  /** The target is gone. */
  forget(target: object): void {
    if (this.signals.size === 0) return;
    const signal = this.signals.get(target);
    if (!signal) return;
    this.signals.delete(target);
    const actions = this.actions.get(signal);
    actions?.delete(target);
    if (actions?.size === 0) this.unwatch(signal);
  }

  private readonly aborted = ({ target }: Event): void => {
    const signal = target as AbortSignal;
    const actions = this.actions.get(signal);
    this.unwatch(signal);
    for (const [each, action] of actions ?? []) {
      this.signals.delete(each);
      action();
    }
  };

  private unwatch(signal: AbortSignal): void {
    this.actions.delete(signal);
    signal.removeEventListener('abort', this.aborted);
  }
}
