/** The middle of a list, and how far from it the middle half of the list is spread. */
export interface Summary {
  readonly median: number;
  /** Half of the distance between the quartiles, as a part of the median. */
  readonly spread: number;
}

/** @throws RangeError for an empty list. */
export function summarize(values: readonly number[]): Summary {
  const sorted = [...values].sort((a, b) => a - b);
  const median = quantile(sorted, 0.5);
  return { median, spread: (quantile(sorted, 0.75) - quantile(sorted, 0.25)) / 2 / median };
}

/** The value below which the given part of a sorted list is, between its neighbours in proportion. @throws RangeError for an empty list. */
export function quantile(sorted: readonly number[], part: number): number {
  const at = part * (sorted.length - 1);
  const below = sorted[Math.floor(at)];
  const above = sorted[Math.ceil(at)];
  if (below === undefined || above === undefined) throw new RangeError('there are no values');
  return below + (above - below) * (at - Math.floor(at));
}

/** `a` as a multiple of `b`: the median over the rounds, in each of which both were measured close to one another. */
export function ratio(a: readonly number[], b: readonly number[]): Summary {
  const rounds = Math.min(a.length, b.length);
  return summarize(Array.from({ length: rounds }, (_, round) => Number(a[round]) / Number(b[round])));
}
