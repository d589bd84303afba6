import { type CipherCCMTypes, createCipheriv } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import type { createCcm } from '../../src/crypto/ccm-portable.js';
import { ccmIn, runtimes } from './ccm-runtimes.js';
import { hex } from './hex.js';

/** Numbers from 0 to 2^32 - 1 that look random: mulberry32. */
function randomNumbers(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), state | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return (t ^ (t >>> 14)) >>> 0;
  };
}

const seed = Number(process.env['TEST_SEED'] ?? 20_261_126);
const random = randomNumbers(seed);
const randomBytes = (length: number): Uint8Array => Uint8Array.from({ length }, random);
const oneOf = (values: readonly number[]): number => values[random() % values.length];

const ciphers: { readonly name: string; readonly createCcm: typeof createCcm }[] = [];
// One after another, since each puts its own WebAssembly in place.
for (const runtime of runtimes) ciphers.push({ name: runtime.name, createCcm: (await ccmIn(runtime)).createCcm });

/** What node:crypto makes of the same message is what each makes of it, anywhere in a buffer, and each opens it, but no forgery. */
function expectAgreement(length: number, aadLength: number): void {
  const key = randomBytes(oneOf([16, 24, 32]));
  const nonceLength = length < 65_536 ? 7 + (random() % 7) : 7 + (random() % 6);
  const nonce = randomBytes(nonceLength);
  const tagLength = oneOf([4, 6, 8, 10, 12, 14, 16]);
  const aad = randomBytes(aadLength);
  const plaintext = randomBytes(length);

  const theirs = createCipheriv(`aes-${key.length * 8}-ccm` as CipherCCMTypes, key, nonce, {
    authTagLength: tagLength,
  });
  theirs.setAAD(aad, { plaintextLength: length });
  const sealed = Buffer.concat([theirs.update(plaintext), theirs.final(), theirs.getAuthTag()]);

  const start = random() % 20;
  const around = randomBytes(start + length + tagLength + 20);
  for (const { name, createCcm } of ciphers) {
    const of = `${name}: ${length} bytes, ${aadLength} of additional data, TEST_SEED=${seed}`;
    const cipher = createCcm(key, { tagLength, nonceLength });
    const buffer = Uint8Array.from(around);
    buffer.set(plaintext, start);
    cipher.seal(nonce, aad, buffer, start, length);
    const expected = Uint8Array.from(around);
    expected.set(sealed, start);
    expect(Buffer.compare(buffer, expected), of).toBe(0);

    const forged = Uint8Array.from(buffer);
    forged[start + (random() % sealed.length)] ^= 1 << (random() % 8);
    expect(cipher.open(nonce, aad, forged, start, length), of).toBe(false);
    expect(
      forged.subarray(start, start + length).every((byte) => byte === 0),
      of,
    ).toBe(true);

    expect(cipher.open(nonce, aad, buffer, start, length), of).toBe(true);
    expected.set(plaintext, start);
    expect(Buffer.compare(buffer, expected), of).toBe(0);
    cipher.destroy();
  }
}

describe('AES-CCM, wherever it runs', () => {
  it('agrees with node:crypto on messages of every length up to 1,200 bytes', () => {
    for (let length = 0; length <= 1_200; length++) expectAgreement(length, oneOf([0, 1, 13, 14, 15, 29, 30, 31, 46]));
  });

  it('agrees with it on additional data of every length up to 300 bytes, and around where more no longer fits', () => {
    const around = (at: number): number[] => [at - 2, at - 1, at, at + 1, at + 2];
    const lengths = [...Array(301).keys(), ...around(1_262), ...around(0xff00), 70_000];
    for (const length of lengths) expectAgreement(oneOf([0, 1, 15, 16, 17, 64]), length);
  });

  it('agrees with it on the longest records, and around where longer messages no longer fit', () => {
    const fits = 65_536 - 16_640 - 16;
    for (const length of [16_383, 16_384, fits - 1, fits, fits + 1, 65_535, 65_536, 100_000])
      expectAgreement(length, 13);
  });

  it('keeps keys apart, more than there is room for expanded ones, and forgets each', () => {
    for (const { name, createCcm } of ciphers) {
      const keys = Array.from({ length: 150 }, () => randomBytes(oneOf([16, 32])));
      const made = keys.map((key) => createCcm(key, { tagLength: 8 }));
      const nonce = randomBytes(12);
      const sealedBy = (cipher: (typeof made)[number]): string => {
        const buffer = new Uint8Array(40);
        cipher.seal(nonce, nonce, buffer, 0, 32);
        return hex(buffer);
      };
      const alone = keys.map((key) => {
        const cipher = createCipheriv(`aes-${key.length * 8}-ccm` as CipherCCMTypes, key, nonce, { authTagLength: 8 });
        cipher.setAAD(nonce, { plaintextLength: 32 });
        return hex(Buffer.concat([cipher.update(new Uint8Array(32)), cipher.final(), cipher.getAuthTag()]));
      });
      for (let i = 0; i < 600; i++) {
        const which = random() % made.length;
        expect(sealedBy(made[which]), `${name}, TEST_SEED=${seed}`).toBe(alone[which]);
      }
    }
  });
});
