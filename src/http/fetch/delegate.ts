// Standing in for an object of Node's: what the stand-in does not do itself, an object of Node's
// does, which is made when it is first needed.

/** A stand-in can make what it stands for. */
export interface StandIn {
  readonly real: object;
}

/**
 * Gives `kind` everything that Node's class has and it has not, and lets it pass for one
 * (`instanceof`). `sample`: an object of Node's; where it keeps its state under symbols (before
 * Node 24) the stand-in has them too, so that Node's own functions take it as one of theirs.
 */
export function delegate(kind: { prototype: object }, node: { prototype: object }, sample: object) {
  const { prototype } = kind;
  for (const [name, descriptor] of Object.entries(
    Object.getOwnPropertyDescriptors(node.prototype),
  )) {
    if (Object.hasOwn(prototype, name)) continue;
    Object.defineProperty(prototype, name, delegated(name, typeof descriptor.value));
  }
  for (const symbol of Object.getOwnPropertySymbols(sample)) {
    Object.defineProperty(prototype, symbol, delegated(symbol, 'state'));
  }
  Object.setPrototypeOf(prototype, node.prototype);
}

function delegated(name: string | symbol, type: string): PropertyDescriptor {
  const read = (self: StandIn): unknown => (self.real as Record<string | symbol, unknown>)[name];
  if (type !== 'function') {
    return {
      configurable: true,
      get(this: StandIn) {
        return read(this);
      },
    };
  }
  return {
    configurable: true,
    writable: true,
    value(this: StandIn, ...given: unknown[]) {
      return (read(this) as (...given: unknown[]) => unknown).apply(this.real, given);
    },
  };
}
