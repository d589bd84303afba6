import { createCipheriv } from 'node:crypto';
import { isErrno } from '@avs-net/core';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { nodeProvider } from '../../src/crypto/node.js';
import { portableProvider } from '../../src/crypto/portable.js';
import { type AeadName, aeadSizes, type CryptoProvider } from '../../src/crypto/provider.js';
import { bytes, hex } from './hex.js';
import { rfc8439 } from './vectors/chacha20-poly1305.js';
import { type AeadVector, cavpGcm, gcmSpecification } from './vectors/gcm.js';

const names = Object.keys(aeadSizes) as AeadName[];
const providers = [portableProvider, nodeProvider];
const cases = providers.flatMap((provider) => names.map((name) => [provider.name, name, provider] as const));

const nameOf = ({ key }: AeadVector): AeadName => (key.length === 32 ? 'AES_128_GCM' : 'AES_256_GCM');
const vectors = [
  ...[...gcmSpecification, ...cavpGcm].map((vector) => [nameOf(vector), vector] as const),
  ...rfc8439.map((vector) => ['CHACHA20_POLY1305', vector] as const),
];

const opensslNames: Record<AeadName, string> = {
  AES_128_CCM_8: 'aes-128-ccm',
  AES_128_CCM: 'aes-128-ccm',
  AES_256_CCM_8: 'aes-256-ccm',
  AES_256_CCM: 'aes-256-ccm',
  AES_128_GCM: 'aes-128-gcm',
  AES_256_GCM: 'aes-256-gcm',
  CHACHA20_POLY1305: 'chacha20-poly1305',
};

function opensslSeal(
  name: AeadName,
  key: Uint8Array,
  nonce: Uint8Array,
  aad: Uint8Array,
  plaintext: Uint8Array,
): Buffer {
  const options = { authTagLength: aeadSizes[name].tagLength };
  const cipher = createCipheriv(opensslNames[name] as 'aes-128-ccm', key, nonce, options);
  cipher.setAAD(aad, { plaintextLength: plaintext.length });
  return Buffer.concat([cipher.update(plaintext), cipher.final(), cipher.getAuthTag()]);
}

describe.each(providers)('the $name provider', (provider: CryptoProvider) => {
  it.each(vectors.map(([name, vector]) => [vector.source, name, vector] as const))(
    'seals and opens %s',
    (_source, name, vector) => {
      const cipher = provider.aead(name, bytes(vector.key));
      const nonce = bytes(vector.nonce);
      const aad = bytes(vector.aad);
      const buffer = bytes(vector.plaintext + '00'.repeat(16));
      const length = buffer.length - 16;
      cipher.seal(nonce, aad, buffer, 0, length);
      expect(hex(buffer)).toBe(vector.ciphertext + vector.tag);
      expect(cipher.open(nonce, aad, buffer, 0, length)).toBe(true);
      expect(hex(buffer.subarray(0, length))).toBe(vector.plaintext);
    },
  );
});

describe.each(cases)('%s %s', (_provider, name, provider) => {
  const { keyLength, tagLength } = aeadSizes[name];
  const input = fc.record({
    key: fc.uint8Array({ minLength: keyLength, maxLength: keyLength }),
    nonce: fc.uint8Array({ minLength: 12, maxLength: 12 }),
    aad: fc.uint8Array({ maxLength: 40 }),
    plaintext: fc.oneof(fc.uint8Array({ maxLength: 2000 }), fc.uint8Array({ minLength: 300, maxLength: 340 })),
    before: fc.integer({ min: 0, max: 20 }),
  });

  it('agrees with node:crypto in place at any offset, and touches nothing around', () => {
    fc.assert(
      fc.property(input, ({ key, nonce, aad, plaintext, before }) => {
        const buffer = new Uint8Array(before + plaintext.length + tagLength + 5).fill(0xa5);
        buffer.set(plaintext, before);
        const cipher = provider.aead(name, key);
        cipher.seal(nonce, aad, buffer, before, plaintext.length);
        const end = before + plaintext.length + tagLength;
        expect(hex(buffer.subarray(before, end))).toBe(hex(opensslSeal(name, key, nonce, aad, plaintext)));
        expect(cipher.open(nonce, aad, buffer, before, plaintext.length)).toBe(true);
        expect(hex(buffer.subarray(before, before + plaintext.length))).toBe(hex(plaintext));
        expect(hex(buffer.subarray(0, before))).toBe('a5'.repeat(before));
        expect(hex(buffer.subarray(end))).toBe('a5'.repeat(5));
      }),
      { numRuns: 60 },
    );
  });

  it('opens nothing in which one bit was flipped, and shows no plaintext of it', () => {
    fc.assert(
      fc.property(input, fc.nat(), fc.integer({ min: 0, max: 7 }), ({ key, nonce, aad, plaintext }, where, bit) => {
        const sealed = opensslSeal(name, key, nonce, aad, plaintext);
        const message = Buffer.concat([nonce, aad, sealed]);
        message[where % message.length] ^= 1 << bit;
        const buffer = new Uint8Array(message.subarray(12 + aad.length));
        const cipher = provider.aead(name, key);
        const opened = cipher.open(
          message.subarray(0, 12),
          message.subarray(12, 12 + aad.length),
          buffer,
          0,
          plaintext.length,
        );
        expect(opened).toBe(false);
        if (plaintext.length >= 16) {
          expect(hex(buffer.subarray(0, plaintext.length))).not.toContain(hex(plaintext.subarray(0, 8)));
        }
      }),
      { numRuns: 60 },
    );
  });

  it('keeps no reference to the key that it was given', () => {
    const key = new Uint8Array(keyLength).fill(7);
    const cipher = provider.aead(name, key);
    key.fill(0);
    for (const length of [16, 400]) {
      const buffer = new Uint8Array(length + tagLength);
      cipher.seal(new Uint8Array(12), new Uint8Array(0), buffer, 0, length);
      const expected = opensslSeal(
        name,
        new Uint8Array(keyLength).fill(7),
        new Uint8Array(12),
        new Uint8Array(0),
        new Uint8Array(length),
      );
      expect(hex(buffer)).toBe(hex(expected));
    }
  });

  it('is of no use after destroy', () => {
    const cipher = provider.aead(name, new Uint8Array(keyLength));
    const long = new Uint8Array(500);
    cipher.seal(new Uint8Array(12), new Uint8Array(0), long, 0, 400);
    cipher.destroy();
    cipher.destroy();
    for (const length of [16, 400]) {
      expect(() => cipher.seal(new Uint8Array(12), new Uint8Array(0), long, 0, length)).toThrow(/EBADF/);
      expect(() => cipher.open(new Uint8Array(12), new Uint8Array(0), long, 0, length)).toThrow(/EBADF/);
    }
  });

  it('leaves the key as it was, also when that is a Buffer', () => {
    const key = Buffer.alloc(keyLength, 7);
    const cipher = provider.aead(name, key);
    for (const length of [16, 400]) cipher.seal(new Uint8Array(12), new Uint8Array(0), new Uint8Array(500), 0, length);
    cipher.destroy();
    expect([...key]).toEqual(new Array(keyLength).fill(7));
  });

  it('names the argument that is wrong', () => {
    const invalid = (message: RegExp) =>
      expect.toSatisfy((error: unknown) => isErrno(error, 'EINVAL') && message.test(error.message));
    expect(() => provider.aead(name, new Uint8Array(keyLength - 1))).toThrow(invalid(/key/));
    expect(() => provider.aead(name, 'secret' as unknown as Uint8Array)).toThrow(TypeError);
    const cipher = provider.aead(name, new Uint8Array(keyLength));
    const buffer = new Uint8Array(64);
    const nonce = new Uint8Array(12);
    const aad = new Uint8Array(13);
    expect(() => cipher.seal(new Uint8Array(11), aad, buffer, 0, 16)).toThrow(invalid(/nonce/));
    expect(() => cipher.seal(nonce, aad, buffer, 0, 64 - tagLength + 1)).toThrow(invalid(/buffer/));
    expect(() => cipher.open(nonce, aad, buffer, 60, 16)).toThrow(invalid(/buffer/));
    expect(() => cipher.open(nonce, aad, buffer, -1, 16)).toThrow(invalid(/start/));
    expect(() => cipher.open(nonce, aad, buffer, 0, Number.NaN)).toThrow(invalid(/length/));
    expect(() => cipher.open(nonce, 'aad' as unknown as Uint8Array, buffer, 0, 16)).toThrow(TypeError);
  });
});

it.each(providers)('the $name provider refuses an AEAD that it does not know', (provider) => {
  expect(() => provider.aead('AES_128_OCB' as AeadName, new Uint8Array(16))).toThrow(
    /EINVAL: no AEAD is named AES_128_OCB/,
  );
  expect(() => provider.aead('toString' as AeadName, new Uint8Array(16))).toThrow(/EINVAL/);
});
