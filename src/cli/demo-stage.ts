// What all parts of the demo share.
import type { Paint, Progress } from './terminal';

export interface Stage {
  readonly host: string;
  readonly connections: number;
  /** Where the traces go. */
  readonly folder: string;
  readonly paint: Paint;
  readonly progress: Progress;
}
