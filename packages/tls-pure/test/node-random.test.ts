import { describe, expect, it } from 'vitest';
import { nodeRandom } from '../src/crypto/node-random.js';

describe('randomness on Node', () => {
  it('fills any length, gives nothing out twice, and touches nothing beside', () => {
    const seen = new Set<string>();
    for (let round = 0; round < 40; round++) {
      for (const length of [8, 16, 32, 128, 129, 2_000]) {
        const around = new Uint8Array(length + 2).fill(0xaa);
        const bytes = around.subarray(1, -1);
        bytes.fill(0);
        nodeRandom(bytes);
        expect([around[0], around[length + 1]]).toEqual([0xaa, 0xaa]);
        for (let at = 0; at + 8 <= length; at += 8) seen.add(bytes.subarray(at, at + 8).join());
      }
    }
    expect(seen.size).toBe(40 * (1 + 2 + 4 + 16 + 16 + 250));
    expect([...seen].filter((bytes) => bytes.startsWith('0,0,0,0,'))).toEqual([]);
  });

  it('fills nothing of no length', () => {
    expect(() => nodeRandom(new Uint8Array(0))).not.toThrow();
  });
});
