// Random draws from a seed: the same seed, the same test.

export class Seeded {
  private state: number;

  constructor(seed: number) {
    this.state = seed >>> 0;
    // Nearby seeds give unlike first draws.
    for (let round = 0; round < 4; round++) this.bits();
  }

  /** 32 bits (mulberry32, by Tommy Ettinger). */
  bits(): number {
    this.state = (this.state + 0x6d2b79f5) >>> 0;
    let value = this.state;
    value = Math.imul(value ^ (value >>> 15), value | 1);
    value ^= value + Math.imul(value ^ (value >>> 7), value | 61);
    return (value ^ (value >>> 14)) >>> 0;
  }

  /** A whole number, both ends included. */
  between(least: number, most: number): number {
    return least + Math.floor((this.bits() / 2 ** 32) * (most - least + 1));
  }

  chance(probability: number): boolean {
    return this.bits() / 2 ** 32 < probability;
  }

  pick<T>(items: readonly T[]): T {
    return items[this.between(0, items.length - 1)] as T;
  }

  /** Mostly small, sometimes large: 2 to a random power. */
  size(most: number): number {
    return Math.min(most, Math.floor(2 ** ((this.bits() / 2 ** 32) * Math.log2(most + 1))));
  }

  bytes(length: number): Uint8Array {
    const result = new Uint8Array(length);
    for (let place = 0; place < length; place++) result[place] = (place * 31 + length) & 0xff;
    return result;
  }
}
