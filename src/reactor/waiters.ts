// Who waits for which operation, by its place in the core's table. A place may get its next owner
// before the last one was told: the few of those stand in a map beside it.
import { ownerKey } from './calls';

export class Waiters<Waiter> {
  private readonly places: (Waiter | undefined)[] = [];
  private readonly generations: number[] = [];
  private readonly early = new Map<number, Waiter>();
  private count = 0;

  get size(): number {
    return this.count;
  }

  set(place: number, generation: number, waiter: Waiter): void {
    this.count++;
    if (this.places[place] !== undefined) {
      this.early.set(ownerKey(place, generation), waiter);
      return;
    }
    this.places[place] = waiter;
    this.generations[place] = generation;
  }

  get(place: number, generation: number): Waiter | undefined {
    if (this.generations[place] === generation) return this.places[place];
    return this.early.size > 0 ? this.early.get(ownerKey(place, generation)) : undefined;
  }

  /** It was there. */
  delete(place: number, generation: number): void {
    this.count--;
    if (this.generations[place] !== generation) {
      this.early.delete(ownerKey(place, generation));
      return;
    }
    this.places[place] = undefined;
    this.generations[place] = -1;
  }

  takeAll(): Waiter[] {
    const all = [...this.places.filter((waiter) => waiter !== undefined), ...this.early.values()];
    this.places.length = 0;
    this.generations.length = 0;
    this.early.clear();
    this.count = 0;
    return all;
  }
}
