import { createCipheriv } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { nodeProvider } from '../../src/crypto/node.js';
import { portableProvider } from '../../src/crypto/portable.js';
import { bytes, hex } from './hex.js';

/** NIST SP 800-38A, F.2.1. */
const vector = {
  key: '2b7e151628aed2a6abf7158809cf4f3c',
  iv: '000102030405060708090a0b0c0d0e0f',
  plaintext:
    '6bc1bee22e409f96e93d7e117393172aae2d8a571e03ac9c9eb76fac45af8e5130c81c46a35ce411e5fbc1191a0a52eff69f2445df4f9b17ad2b417be66c3710',
  ciphertext:
    '7649abac8119b246cee98e9b12e9197d5086cb9b507219ee95db113a917678b273bed6b8e3c1743b7116e69e222295163ff1caa1681fac09120eca307586e1a7',
};

describe.each([portableProvider, nodeProvider])('AES-128-CBC of the $name provider', (provider) => {
  it('encrypts and decrypts NIST SP 800-38A F.2.1', () => {
    const cbc = provider.cbc(bytes(vector.key));
    const buffer = bytes(vector.plaintext);
    cbc.encrypt(bytes(vector.iv), buffer, 0, buffer.length);
    expect(hex(buffer)).toBe(vector.ciphertext);
    cbc.decrypt(bytes(vector.iv), buffer, 0, buffer.length);
    expect(hex(buffer)).toBe(vector.plaintext);
  });

  it('agrees with node:crypto in place at any offset, and touches nothing around', () => {
    const block = fc.uint8Array({ minLength: 16, maxLength: 16 });
    const blocks = fc.integer({ min: 0, max: 80 });
    fc.assert(
      fc.property(block, block, blocks, fc.integer({ min: 0, max: 20 }), (key, iv, count, before) => {
        const end = before + count * 16;
        const plaintext = new Uint8Array(count * 16).map((_, i) => i * 7);
        const buffer = new Uint8Array(end + 3).fill(0xa5);
        buffer.set(plaintext, before);
        const cbc = provider.cbc(key);
        cbc.encrypt(iv, buffer, before, count * 16);
        const theirs = createCipheriv('aes-128-cbc', key, iv).setAutoPadding(false);
        expect(hex(buffer.subarray(before, end))).toBe(
          theirs.update(plaintext, undefined, 'hex') + theirs.final('hex'),
        );
        cbc.decrypt(iv, buffer, before, count * 16);
        expect(hex(buffer)).toBe('a5'.repeat(before) + hex(plaintext) + 'a5'.repeat(3));
      }),
    );
  });

  it('agrees record after record, each with an IV of its own, whatever other keys are used between', () => {
    const count = 600; // more than stay set up
    const keys = Array.from({ length: count }, (_, i) => new Uint8Array(16).map((_, at) => i + 7 * at));
    const ciphers = keys.map((key) => provider.cbc(key));
    for (let round = 0; round < 3; round++) {
      for (const [i, cbc] of ciphers.entries()) {
        // The first ones are used again and again, the others once in a round.
        for (const at of [i, i % 5]) {
          const cipher = at === i ? cbc : ciphers[at];
          const key = keys[at];
          const iv = new Uint8Array(16).fill(round * 16 + i);
          const plaintext = new Uint8Array(16 * (1 + (i % 7))).map((_, byte) => byte ^ i ^ round);
          const buffer = plaintext.slice();
          cipher?.encrypt(iv, buffer, 0, buffer.length);
          const theirs = createCipheriv('aes-128-cbc', key ?? '', iv).setAutoPadding(false);
          expect(hex(buffer)).toBe(theirs.update(plaintext, undefined, 'hex') + theirs.final('hex'));
          cipher?.decrypt(iv, buffer, 0, buffer.length);
          expect(hex(buffer)).toBe(hex(plaintext));
        }
      }
    }
    for (const cbc of ciphers) cbc.destroy();
  });

  it('names the argument that is wrong, and is of no use after destroy', () => {
    expect(() => provider.cbc(new Uint8Array(15))).toThrow(/EINVAL: key/);
    const cbc = provider.cbc(new Uint8Array(16));
    const buffer = new Uint8Array(1024);
    expect(() => cbc.encrypt(new Uint8Array(12), buffer, 0, 16)).toThrow(/EINVAL: iv/);
    expect(() => cbc.encrypt(new Uint8Array(16), buffer, 0, 17)).toThrow(/EINVAL: length/);
    expect(() => cbc.decrypt(new Uint8Array(16), buffer, 0, 1000)).toThrow(/EINVAL: length/);
    expect(() => cbc.decrypt(new Uint8Array(16), buffer, 1020, 16)).toThrow(/EINVAL: buffer/);
    expect(() => cbc.decrypt(new Uint8Array(16), buffer, 1020, 1024)).toThrow(/EINVAL: buffer/);
    cbc.destroy();
    for (const length of [16, 1024]) {
      expect(() => cbc.encrypt(new Uint8Array(16), buffer, 0, length)).toThrow(/EBADF/);
      expect(() => cbc.decrypt(new Uint8Array(16), buffer, 0, length)).toThrow(/EBADF/);
    }
  });
});
