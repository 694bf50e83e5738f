// Where the node host copies what it sends: room that is given away again, unless it is kept.
import { Slab } from '../../src/host/slab';

const SLAB = 65536;

/** Copies of these lengths, each filled with its number; those that `keeps` names are kept. */
function copies(lengths: readonly number[], keeps: (place: number) => boolean): Buffer[] {
  const slab = new Slab();
  return lengths.map((length, place) => {
    const copy = slab.take(length).fill(place + 1);
    if (keeps(place)) slab.keep(length);
    return copy;
  });
}

const intact = (copy: Buffer, place: number): boolean => copy.every((byte) => byte === place + 1);

test('a copy that is kept is never given away, however many follow', () => {
  const lengths = [1, 4096, SLAB, 70_000, 3, SLAB - 3, 1, 20_000, 20_000, 20_000, 20_000];
  expect(copies(lengths, () => true).map(({ length }) => length)).toEqual(lengths);
  expect(copies(lengths, () => true).every(intact)).toBe(true);
  const odd = (place: number): boolean => place % 2 === 1;
  expect(copies(lengths, odd).filter((copy, place) => odd(place) && !intact(copy, place))).toEqual(
    [],
  );
});

test('a copy that is not kept lies where the next one will', () => {
  const [first, second, third] = copies([16_384, 16_384, 64], (place) => place === 1);
  expect(second?.byteOffset).toBe(first?.byteOffset);
  expect(second?.buffer).toBe(first?.buffer);
  expect(third?.byteOffset).toBe((first?.byteOffset as number) + 16_384);
});
