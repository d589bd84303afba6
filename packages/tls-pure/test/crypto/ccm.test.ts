import { describe, expect, it } from 'vitest';
import { ccmIn, runtimes } from './ccm-runtimes.js';
import { bytes, hex } from './hex.js';
import { cavpCcm, cavpCcmForgeries, sp80038c } from './vectors/nist-ccm.js';
import { type CcmVector, rfc3610 } from './vectors/rfc3610.js';

describe.each(runtimes)('AES-CCM $name', async (runtime) => {
  const { createCcm, nodeProvider } = await ccmIn(runtime);
  const cipherOf = ({ key, nonce, tagLength }: CcmVector) =>
    createCcm(bytes(key), { tagLength, nonceLength: nonce.length / 2 });

  it.each([...rfc3610, ...sp80038c, ...cavpCcm])('seals and opens $source', (vector) => {
    const plaintext = bytes(vector.plaintext);
    const buffer = new Uint8Array(plaintext.length + vector.tagLength);
    buffer.set(plaintext);
    const cipher = cipherOf(vector);
    cipher.seal(bytes(vector.nonce), bytes(vector.aad), buffer, 0, plaintext.length);
    expect(hex(buffer)).toBe(vector.sealed);
    expect(cipher.open(bytes(vector.nonce), bytes(vector.aad), buffer, 0, plaintext.length)).toBe(true);
    expect(hex(buffer.subarray(0, plaintext.length))).toBe(vector.plaintext);
  });

  it('seals SP 800-38C example 4, with 64 KiB of additional data', () => {
    const cipher = createCcm(bytes('404142434445464748494a4b4c4d4e4f'), { tagLength: 14, nonceLength: 13 });
    const aad = Uint8Array.from({ length: 65536 }, (_, i) => i & 0xff);
    const buffer = new Uint8Array(32 + 14).map((_, i) => (i < 32 ? 0x20 + i : 0));
    cipher.seal(bytes('101112131415161718191a1b1c'), aad, buffer, 0, 32);
    expect(hex(buffer)).toBe(
      '69915dad1e84c6376a68c2967e4dab615ae0fd1faec44cc484828529463ccf72b4ac6bec93e8598e7f0dadbcea5b',
    );
  });

  it.each(cavpCcmForgeries)('refuses the forgery $source', (vector) => {
    const buffer = bytes(vector.sealed);
    const length = buffer.length - vector.tagLength;
    expect(cipherOf(vector).open(bytes(vector.nonce), bytes(vector.aad), buffer, 0, length)).toBe(false);
    expect(buffer.subarray(0, length).every((byte) => byte === 0)).toBe(true);
  });

  it.each([
    ['a key of 15 bytes', () => createCcm(new Uint8Array(15), { tagLength: 8 }), /key must be 16 or 24 or 32/],
    ['a tag of 5 bytes', () => createCcm(new Uint8Array(16), { tagLength: 5 }), /tagLength/],
    ['a tag of 2 bytes', () => createCcm(new Uint8Array(16), { tagLength: 2 }), /tagLength/],
    ['a nonce of 14 bytes', () => createCcm(new Uint8Array(16), { tagLength: 8, nonceLength: 14 }), /nonceLength/],
  ])('refuses %s with EINVAL', (_what, create, message) => {
    expect(create).toThrow(message);
    expect(create).toThrow(expect.objectContaining({ errno: 'EINVAL' }));
  });

  it('refuses more than a length field of two bytes can tell', () => {
    const cipher = createCcm(new Uint8Array(16), { tagLength: 8, nonceLength: 13 });
    const buffer = new Uint8Array(65536 + 8);
    expect(() => cipher.seal(new Uint8Array(13), new Uint8Array(0), buffer, 0, 65536)).toThrow(/EINVAL: length/);
    cipher.seal(new Uint8Array(13), new Uint8Array(0), buffer, 0, 65535);
    expect(cipher.open(new Uint8Array(13), new Uint8Array(0), buffer, 0, 65535)).toBe(true);
  });

  it.each([0, 16, 511, 512, 1024])('seals and opens %d bytes on Node alike', (length) => {
    const key = new Uint8Array(16).fill(3);
    const nonce = new Uint8Array(12).fill(1);
    const aad = new Uint8Array(13).fill(2);
    const [ours, theirs] = [createCcm(key, { tagLength: 8 }), nodeProvider.aead('AES_128_CCM_8', key)].map((cipher) => {
      const buffer = new Uint8Array(length + 8);
      cipher.seal(nonce, aad, buffer, 0, length);
      const sealed = hex(buffer);
      expect(cipher.open(nonce, aad, buffer, 0, length)).toBe(true);
      expect(buffer.subarray(0, length).every((byte) => byte === 0)).toBe(true);
      buffer[length] ^= 1;
      expect(cipher.open(nonce, aad, buffer, 0, length)).toBe(false);
      return sealed;
    });
    expect(theirs).toBe(ours);
  });
});
