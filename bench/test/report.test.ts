import { describe, expect, it } from 'vitest';
import { quantile, ratio, summarize } from '../src/contest/statistics.js';
import { digits, renderTable } from '../src/report/table.js';
import { isMet, type Target, targetTable } from '../src/report/target.js';

describe('statistics', () => {
  it('are the median and half the distance of the quartiles', () => {
    expect(summarize([50, 10, 30, 20, 40])).toEqual({ median: 30, spread: 10 / 30 });
    expect(summarize([7])).toEqual({ median: 7, spread: 0 });
    expect(quantile([1, 2], 0.5)).toBe(1.5);
    expect(() => summarize([])).toThrow(RangeError);
  });

  it('compare what was measured in the same round', () => {
    // Everything takes ten times as long in the second round, and the ratio stays.
    expect(ratio([2, 20, 2], [1, 10, 1])).toEqual({ median: 2, spread: 0 });
  });
});

describe('a target', () => {
  const target: Target = { what: 'it', measured: 4, goal: { atLeast: 4 }, unit: 'times' };

  it('is met at its bound and missed beyond it', () => {
    expect(isMet(target)).toBe(true);
    expect(isMet({ ...target, measured: 3.99 })).toBe(false);
    expect(isMet({ ...target, goal: { atMost: 4 } })).toBe(true);
    expect(isMet({ ...target, measured: 4.01, goal: { atMost: 4 } })).toBe(false);
  });

  it('that was not measured is neither, and says why', () => {
    const unmeasured = { ...target, measured: undefined, note: 'no compiler' };
    expect(isMet(unmeasured)).toBeUndefined();
    expect(targetTable([unmeasured]).rows).toEqual([['it', 'at least 4 times', 'no compiler', '–']]);
  });
});

describe('a table', () => {
  it('is Markdown with columns of even width', () => {
    const table = {
      title: 'T',
      columns: ['a', 'long name'],
      rows: [
        ['first', '1'],
        ['b', '22'],
      ],
    };
    expect(renderTable(table)).toBe(
      [
        '**T**',
        '',
        '| a     | long name |',
        '| ----- | --------: |',
        '| first |         1 |',
        '| b     |        22 |',
      ].join('\n'),
    );
  });

  it('has numbers of three digits', () => {
    expect([0.01234, 1.234, 99.95, 999.4, 1234.5].map(digits)).toEqual(['0.0123', '1.23', '100', '999', '1,235']);
  });
});
