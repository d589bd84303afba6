import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { constantTimeEqual, maskEqual, maskLess } from '../../src/crypto/constant-time.js';

describe('comparison in constant time', () => {
  it('finds equal what is equal and nothing else', () => {
    fc.assert(
      fc.property(
        fc.uint8Array({ minLength: 1, maxLength: 64 }),
        fc.nat(),
        fc.integer({ min: 1, max: 255 }),
        (a, at, flip) => {
          expect(constantTimeEqual(a, a.slice())).toBe(true);
          const b = a.slice();
          b[at % b.length] ^= flip;
          expect(constantTimeEqual(a, b)).toBe(false);
          expect(constantTimeEqual(a, a.subarray(1))).toBe(false);
        },
      ),
    );
    expect(constantTimeEqual(new Uint8Array(0), new Uint8Array(0))).toBe(true);
  });

  it('turns comparisons of lengths into masks', () => {
    const length = fc.integer({ min: 0, max: 2 ** 31 - 1 });
    fc.assert(
      fc.property(length, length, (a, b) => {
        expect(maskLess(a, b)).toBe(a < b ? -1 : 0);
        expect(maskEqual(a, b)).toBe(a === b ? -1 : 0);
        expect(maskLess(a, a)).toBe(0);
        expect(maskEqual(a, a)).toBe(-1);
      }),
    );
  });
});
