import { describe, expect, it } from 'vitest';
import { CiphersuiteNumber, ciphersuiteByName, ciphersuiteName } from '../src/index.js';

describe('ciphersuites', () => {
  it('are found by number and by name, in any case', () => {
    for (const [name, number] of Object.entries(CiphersuiteNumber)) {
      expect(ciphersuiteName(number)).toBe(name);
      expect(ciphersuiteByName(name)).toBe(number);
      expect(ciphersuiteByName(name.toLowerCase())).toBe(number);
    }
    expect(ciphersuiteByName('TLS_PSK_WITH_AES_128_CCM_8')).toBe(0xc0a8);
  });

  it('have numbers of two bytes, no two the same', () => {
    const numbers = Object.values(CiphersuiteNumber);
    expect(new Set(numbers).size).toBe(numbers.length);
    for (const number of numbers) expect(number > 0 && number <= 0xffff).toBe(true);
  });

  it('that are not known have their number for a name, and no number', () => {
    expect([0xc0ff, 5, 0].map(ciphersuiteName)).toEqual(['0xC0FF', '0x0005', '0x0000']);
    for (const name of ['', '0xC0A8', 'PSK-AES128-CCM8', '__proto__', 'toString']) {
      expect(ciphersuiteByName(name), name).toBeUndefined();
    }
  });
});
