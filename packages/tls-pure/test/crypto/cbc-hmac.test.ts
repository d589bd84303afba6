import { createCipheriv, createHmac } from 'node:crypto';
import { _SHA256 } from '@noble/hashes/sha2.js';
import fc from 'fast-check';
import { describe, expect, it, vi } from 'vitest';
import { type CbcHmac, cbcHmacBodyLength, cbcHmacMaxPlaintext, createCbcHmac } from '../../src/crypto/cbc-hmac.js';
import { nodeProvider } from '../../src/crypto/node.js';
import { portableProvider } from '../../src/crypto/portable.js';
import type { CryptoProvider } from '../../src/crypto/provider.js';
import { hex } from './hex.js';

const encKey = new Uint8Array(16).fill(1);
const macKey = new Uint8Array(32).fill(2);
const header = Uint8Array.from([0, 1, 0, 0, 0, 0, 0, 5, 23, 254, 253]);
const iv = new Uint8Array(16).map((_, i) => i * 11);

const create = (provider: CryptoProvider, encryptThenMac: boolean): CbcHmac =>
  createCbcHmac(provider, { encKey, macKey, hash: 'sha256', encryptThenMac });

const uint16 = (n: number): Uint8Array => Uint8Array.from([n >>> 8, n]);
const hmac = (...parts: Uint8Array[]): Buffer => createHmac('sha256', macKey).update(Buffer.concat(parts)).digest();
const encrypt = (plaintext: Uint8Array): Buffer =>
  createCipheriv('aes-128-cbc', encKey, iv).setAutoPadding(false).update(plaintext);

/** `padding` bytes and the byte that counts them. */
const padded = (data: Uint8Array, padding: number): Uint8Array =>
  Buffer.concat([data, new Uint8Array(padding + 1).fill(padding)]);

/** What another implementation sends, straight from RFC 5246 §6.2.3.2. */
const macThenEncrypt = (plaintext: Uint8Array, padding: number, spoil?: (content: Uint8Array) => void): Uint8Array => {
  const content = padded(Buffer.concat([plaintext, hmac(header, uint16(plaintext.length), plaintext)]), padding);
  spoil?.(content);
  return new Uint8Array(Buffer.concat([iv, encrypt(content)]));
};

/** What another implementation sends, straight from RFC 7366 §3. */
const encryptThenMac = (plaintext: Uint8Array, padding: number, spoil?: (content: Uint8Array) => void): Uint8Array => {
  const content = padded(plaintext, padding);
  spoil?.(content);
  const body = Buffer.concat([iv, encrypt(content)]);
  return new Uint8Array(Buffer.concat([body, hmac(header, uint16(body.length), body)]));
};

const forms = [
  ['MAC-then-encrypt', false, macThenEncrypt, 32],
  ['encrypt-then-MAC', true, encryptThenMac, 0],
] as const;
const cases = [portableProvider, nodeProvider].flatMap((provider) =>
  forms.map(([form, etm, build, inside]) => [form, provider.name, provider, etm, build, inside] as const),
);

/** Every padding that makes whole blocks of `length` bytes of content. */
const paddings = (length: number): number[] =>
  Array.from({ length: 16 }, (_, i) => 15 - (length % 16) + 16 * i).filter((padding) => padding <= 255);

describe.each(cases)('%s with the %s provider', (_form, _name, provider, etm, build, inside) => {
  it('builds what the RFC says, and opens it', () => {
    const input = fc.tuple(fc.uint8Array({ maxLength: 2000 }), fc.integer({ min: 0, max: 30 }));
    fc.assert(
      fc.property(input, ([plaintext, start]) => {
        const cipher = create(provider, etm);
        const bodyLength = cbcHmacBodyLength(plaintext.length, etm);
        const buffer = new Uint8Array(start + bodyLength + 4).fill(0xa5);
        buffer.set(plaintext, start + 16);
        expect(cipher.seal(header, iv, buffer, start, plaintext.length)).toBe(bodyLength);
        const shortest = paddings(plaintext.length + inside)[0];
        expect(hex(buffer)).toBe('a5'.repeat(start) + hex(build(plaintext, shortest)) + 'a5'.repeat(4));
        expect(cipher.open(header, buffer, start, bodyLength)).toEqual(plaintext);
      }),
    );
  });

  it('opens every length of padding that a peer may choose', () => {
    const cipher = create(provider, etm);
    for (const length of [0, 1, 15, 31, 50, 64, 200, 600]) {
      const plaintext = new Uint8Array(length).map((_, i) => i * 3);
      for (const padding of paddings(length + inside)) {
        const body = build(plaintext, padding);
        expect(cipher.open(header, body, 0, body.length)).toEqual(plaintext);
      }
    }
  });

  it('refuses padding in which any byte is wrong', () => {
    const cipher = create(provider, etm);
    for (const length of [16, 20]) {
      for (const padding of paddings(length + inside)) {
        for (const at of new Set([2, (padding >> 1) + 1, padding + 1])) {
          if (at > padding + 1 || at < 2) continue;
          const body = build(new Uint8Array(length), padding, (content) => {
            content[content.length - at] ^= 0x40;
          });
          expect(cipher.open(header, body, 0, body.length)).toBeUndefined();
        }
      }
    }
  });

  it('refuses padding that says it is longer than the record', () => {
    const cipher = create(provider, etm);
    for (const claimed of [48, 63, 64, 128, 255]) {
      const body = build(new Uint8Array(0), paddings(inside)[0], (content) => content.fill(claimed));
      expect(cipher.open(header, body, 0, body.length)).toBeUndefined();
    }
  });

  it('refuses a record in which one bit was flipped, and shows no plaintext of it', () => {
    const plaintext = Buffer.from('a plaintext of more than a block, to be looked for');
    fc.assert(
      fc.property(fc.nat(), fc.integer({ min: 0, max: 7 }), fc.integer({ min: 0, max: 15 }), (at, bit, longer) => {
        const padding = paddings(plaintext.length + inside)[longer];
        const message = Buffer.concat([header, build(plaintext, padding ?? paddings(plaintext.length + inside)[0])]);
        message[at % message.length] ^= 1 << bit;
        const body = new Uint8Array(message.subarray(header.length));
        const cipher = create(provider, etm);
        expect(cipher.open(new Uint8Array(message.subarray(0, header.length)), body, 0, body.length)).toBeUndefined();
        expect(Buffer.from(body).includes(plaintext.subarray(16, 32))).toBe(false);
      }),
      { numRuns: 300 },
    );
  });

  it('refuses any record that is too short or not made of blocks, without an error', () => {
    const cipher = create(provider, etm);
    for (let length = 0; length < 100; length++) {
      expect(cipher.open(header, new Uint8Array(length), 0, length)).toBeUndefined();
    }
  });

  it('covers a header of any length, as connection IDs need', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 300 }), fc.uint8Array({ maxLength: 300 }), (longHeader, plaintext) => {
        const cipher = create(provider, etm);
        const buffer = new Uint8Array(cbcHmacBodyLength(plaintext.length, etm));
        buffer.set(plaintext, 16);
        cipher.seal(longHeader, iv, buffer, 0, plaintext.length);
        const other = Uint8Array.from([...longHeader, 0]);
        expect(cipher.open(other, buffer.slice(), 0, buffer.length)).toBeUndefined();
        expect(cipher.open(longHeader, buffer, 0, buffer.length)).toEqual(plaintext);
      }),
    );
  });

  it('knows the largest plaintext for every size of body', () => {
    for (let size = 64; size < 300; size++) {
      const largest = cbcHmacMaxPlaintext(size, etm);
      expect(cbcHmacBodyLength(largest, etm)).toBeLessThanOrEqual(size);
      expect(cbcHmacBodyLength(largest + 1, etm)).toBeGreaterThan(size);
    }
    expect(cbcHmacMaxPlaintext(20, etm)).toBeLessThan(0);
  });

  it('keeps no reference to the keys, and is of no use after destroy', () => {
    const keys = { encKey: encKey.slice(), macKey: macKey.slice() };
    const cipher = createCbcHmac(provider, { ...keys, hash: 'sha256', encryptThenMac: etm });
    keys.encKey.fill(0);
    keys.macKey.fill(0);
    const body = build(new Uint8Array(40), paddings(40 + inside)[0]);
    expect(cipher.open(header, body.slice(), 0, body.length)).toEqual(new Uint8Array(40));
    cipher.destroy();
    expect(() => cipher.open(header, body, 0, body.length)).toThrow(/EBADF/);
  });

  it('names the argument that is wrong', () => {
    const make = (change: object) => () =>
      createCbcHmac(provider, { encKey, macKey, hash: 'sha256', encryptThenMac: etm, ...change });
    expect(make({ encKey: new Uint8Array(32) })).toThrow(/EINVAL: encKey/);
    expect(make({ macKey: new Uint8Array(20) })).toThrow(/EINVAL: macKey/);
    expect(make({ hash: 'sha1' })).toThrow(/EINVAL: hash must be sha256, not sha1/);
    const cipher = create(provider, etm);
    expect(() => cipher.seal(header, new Uint8Array(8), new Uint8Array(100), 0, 1)).toThrow(/EINVAL: iv/);
    expect(() => cipher.seal(header, iv, new Uint8Array(63), 0, 0)).toThrow(/EINVAL: buffer/);
    expect(() => cipher.seal(header, iv, new Uint8Array(70000), 0, 65500)).toThrow(/EINVAL: length/);
    expect(() => cipher.open(header, new Uint8Array(63), 0, 64)).toThrow(/EINVAL: buffer/);
  });
});

describe('MAC-then-encrypt', () => {
  it('does the same number of hash compressions whatever the padding and the MAC (Lucky Thirteen)', () => {
    const sha256 = Object.getPrototypeOf(_SHA256.prototype) as { process(view: DataView, offset: number): void };
    const cipher = create(portableProvider, false);
    const work = vi.spyOn(sha256, 'process');
    const count = (body: Uint8Array): number => {
      work.mockClear();
      cipher.open(header, body, 0, body.length);
      return work.mock.calls.length;
    };
    for (const size of [48, 64, 112, 320, 336, 640]) {
      const counts = new Set<number>();
      for (let padding = 0; padding <= Math.min(255, size - 33); padding++) {
        const plaintext = new Uint8Array(size - 33 - padding);
        counts.add(count(macThenEncrypt(plaintext, padding)));
        counts.add(count(macThenEncrypt(plaintext, padding, (content) => content.fill(padding + 1, plaintext.length))));
        counts.add(count(macThenEncrypt(plaintext, padding, (content) => content.fill(0, 0, content.length - 1))));
      }
      counts.add(count(new Uint8Array(16 + size)));
      expect([...counts]).toHaveLength(1);
      expect([...counts][0]).toBeGreaterThan(1);
    }
    work.mockRestore();
  });
});
