// A script: what the other side of a connection does, in order.
import { types } from 'node:util';
import { typeError } from '../../errors';

/**
 * Bytes that the other side sends; its answer to all that it was told until nobody had anything to
 * do any more; time that passes (milliseconds) before it goes on; or that it ends or resets.
 */
export type Step =
  | Uint8Array
  | string
  | ((said: Buffer) => Uint8Array | string)
  | { readonly wait: number }
  | { readonly stop: 'end' | 'reset' };

export type Script = readonly Step[];

/** A script of one step may be given as it is. Checked. */
export function scriptOf(given: Script | Step): Script {
  const script = Array.isArray(given) ? (given as Script) : [given as Step];
  for (const [place, step] of script.entries()) checkStep(`step ${place} of the script`, step);
  return script;
}

function isBytes(step: Step): step is Uint8Array | string {
  return typeof step === 'string' || types.isUint8Array(step);
}

function checkStep(name: string, step: Step): void {
  if (isBytes(step) || typeof step === 'function') return;
  const { wait, stop } = (step ?? {}) as { wait?: unknown; stop?: unknown };
  if (typeof wait === 'number' && wait >= 0 && wait < 2 ** 31) return;
  if (stop === 'end' || stop === 'reset') return;
  const choices = "bytes, text, a function, { wait: milliseconds } or { stop: 'end' | 'reset' }";
  throw typeError(name, choices, step);
}

/** Bytes of steps between which nothing has to happen: they can be cut anywhere. */
export interface Stretch {
  readonly bytes: Uint8Array;
  /** Where each of the steps ends. */
  readonly ends: readonly number[];
}

export type Act = Stretch | Exclude<Step, Uint8Array | string>;

/** The script with neighbouring bytes put together. */
export function actsOf(script: Script): Act[] {
  const acts: Act[] = [];
  let parts: Uint8Array[] = [];
  const finish = (): void => {
    let end = 0;
    const ends = parts.map(({ length }) => {
      end += length;
      return end;
    });
    if (parts.length > 0) acts.push({ bytes: Buffer.concat(parts), ends });
    parts = [];
  };
  for (const step of script) {
    if (isBytes(step)) parts.push(Buffer.from(step as Uint8Array));
    else {
      finish();
      acts.push(step);
    }
  }
  finish();
  return acts;
}
