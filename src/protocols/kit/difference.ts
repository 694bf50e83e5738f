// What differs between two runs that should have come to the same, for people.
import type { Conduct } from './play';

const STATES = [
  ['ended', 'whether it ended its side'],
  ['closed', 'whether it closed'],
  ['reset', 'whether it closed with a reset'],
] as const;

/** Bytes shown around the first that differs. */
const AROUND = 24;

function firstDifference(left: ArrayLike<unknown>, right: ArrayLike<unknown>): number {
  const shorter = Math.min(left.length, right.length);
  for (let place = 0; place < shorter; place++) if (left[place] !== right[place]) return place;
  return shorter;
}

function around(bytes: Buffer, place: number): string {
  const from = Math.max(0, place - AROUND);
  const text = JSON.stringify(bytes.subarray(from, place + AROUND).toString('latin1'));
  const rest = bytes.length > place + AROUND ? '…' : '';
  return `${from > 0 ? '…' : ''}${text}${rest}, ${bytes.length} bytes`;
}

/** What the first difference is, and how it is on either side; undefined when there is none. */
export function difference(
  reference: Conduct,
  other: Conduct,
  { unheard = false }: { readonly unheard?: boolean },
): { readonly what: string; readonly reference: string; readonly other: string } | undefined {
  for (const list of ['threw', 'noted'] as const) {
    const place = firstDifference(reference[list], other[list]);
    if (place === Math.max(reference[list].length, other[list].length)) continue;
    const what = list === 'threw' ? 'what handlers threw' : `note ${place}`;
    const shownAt = (conduct: Conduct): string => conduct[list][place] ?? 'nothing';
    return { what, reference: shownAt(reference), other: shownAt(other) };
  }
  if (!unheard && !reference.said.equals(other.said)) {
    const place = firstDifference(reference.said, other.said);
    return {
      what: `byte ${place} of what it said`,
      reference: around(reference.said, place),
      other: around(other.said, place),
    };
  }
  for (const [state, what] of STATES) {
    if (reference[state] === other[state] || (unheard && state !== 'closed')) continue;
    return { what, reference: String(reference[state]), other: String(other[state]) };
  }
  return undefined;
}
