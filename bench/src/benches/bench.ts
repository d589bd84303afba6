import type { Effort } from '../contest/contest.js';
import type { Table } from '../report/table.js';
import type { Target } from '../report/target.js';

/** How a bench is run. */
export interface Run {
  /** Major versions of Node. */
  readonly nodes: readonly string[];
  readonly effort: Effort;
  /** Only enough to show that it works. */
  readonly quick: boolean;
  /** Tells how far it is. */
  progress(text: string): void;
}

/** What it finds. */
export interface Findings {
  readonly tables: readonly Table[];
  readonly targets: readonly Target[];
  /** Who could not be measured, and why. */
  readonly absent: readonly string[];
}

/** One of the six measurements. */
export interface Bench {
  readonly name: string;
  readonly title: string;
  /** How it is measured, in a sentence or two. */
  readonly method: string;
  /** About how long all of it takes where nothing else runs, minutes. */
  readonly minutes: number;
  run(run: Run): Promise<Findings>;
}
