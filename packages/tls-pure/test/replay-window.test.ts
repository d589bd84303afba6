import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ReplayWindow } from '../src/record/replay-window.js';

describe('the replay window', () => {
  it('accepts each number once, and none that is 64 or more behind the newest', () => {
    const step = fc.oneof(fc.integer({ min: -140, max: 70 }), fc.constantFrom(31, 32, 33, 63, 64, 65, 2 ** 40));
    fc.assert(
      fc.property(fc.array(step, { maxLength: 200 }), (steps) => {
        const window = new ReplayWindow();
        const seen = new Set<number>();
        let newest = 0;
        for (const by of steps) {
          const number = Math.max(0, newest + by);
          const expected = !seen.has(number) && (seen.size === 0 || number > newest - 64);
          expect(window.isNew(number)).toBe(expected);
          if (!expected) continue;
          window.mark(number);
          seen.add(number);
          newest = Math.max(newest, number);
        }
      }),
      { numRuns: 500 },
    );
  });

  it('works up to the largest sequence number', () => {
    const window = new ReplayWindow();
    window.mark(2 ** 48 - 1);
    expect(window.isNew(2 ** 48 - 1)).toBe(false);
    expect(window.isNew(2 ** 48 - 64)).toBe(true);
    expect(window.isNew(2 ** 48 - 65)).toBe(false);
  });
});
