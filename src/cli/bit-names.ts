// Bits of a kernel's word, by name.
export type BitNames = readonly (readonly [bit: number, name: string])[];

/** Of epoll(7); poll(2) has the same. */
export const EPOLL_BITS: BitNames = [
  [0x001, 'IN'],
  [0x002, 'PRI'],
  [0x004, 'OUT'],
  [0x008, 'ERR'],
  [0x010, 'HUP'],
  [0x2000, 'RDHUP'],
];

/** Those that are set, or the number when none is known. */
export function bitNames(bits: BitNames, value: number): string {
  const known = bits.filter(([bit]) => value & bit).map(([, name]) => name);
  return known.length > 0 ? known.join('|') : `0x${value.toString(16)}`;
}
