import type { Result } from '../contest/contest.js';
import { type Entrant, type Implementation, implementations } from '../contest/entrants.js';
import { ratio, summarize } from '../contest/statistics.js';
import { digits } from '../report/table.js';

/** The column of an entrant. */
export function label({ entrant }: { entrant: Pick<Entrant, 'implementation' | 'node'> }): string {
  const { implementation, node } = entrant;
  return node === undefined ? implementations[implementation] : `${implementations[implementation]}, Node ${node}`;
}

/** Median and spread, in µs. */
export function microseconds({ times }: Result): string {
  if (times.length === 0) return '–';
  const { median, spread } = summarize(times);
  return `${digits(median / 1e3)} ±${Math.round(spread * 100)} %`;
}

/** The times of an implementation on a Node; empty when it was not measured. */
export function timesOf(results: readonly Result[], implementation: Implementation, node?: string): readonly number[] {
  const found = results.find(
    ({ entrant }) => entrant.implementation === implementation && (entrant.node === undefined || entrant.node === node),
  );
  return found?.times ?? [];
}

/** How many times as long one took as another; undefined unless both were measured. */
export function timesAsLong(a: readonly number[], b: readonly number[]): number | undefined {
  return a.length === 0 || b.length === 0 ? undefined : ratio(a, b).median;
}

/** How fast one was, as a part of another, %; undefined unless both were measured. */
export function percentOf(a: readonly number[], b: readonly number[]): number | undefined {
  const times = timesAsLong(b, a);
  return times === undefined ? undefined : times * 100;
}

/** Who was not measured at what, a line each. */
export function absences(results: readonly Result[], work: string): readonly string[] {
  return results.flatMap((result) =>
    result.reason === undefined ? [] : [`${label(result)}, ${work}: ${result.reason}`],
  );
}
