import { createHash, createHmac } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { nodeProvider } from '../../src/crypto/node.js';
import { portableProvider } from '../../src/crypto/portable.js';
import type { HashName } from '../../src/crypto/provider.js';
import { bytes, hex } from './hex.js';
import { rfc4231 } from './vectors/rfc4231.js';

const hashes: readonly HashName[] = ['sha256', 'sha384'];
const parts = fc.array(fc.uint8Array({ maxLength: 300 }), { maxLength: 6 });

describe.each([portableProvider, nodeProvider])('the $name provider', (provider) => {
  it.each(rfc4231)('computes HMAC of RFC 4231 test case $testCase', (vector) => {
    for (const name of hashes) {
      expect(hex(provider.mac(name, bytes(vector.key)).compute(bytes(vector.data)))).toBe(vector[name]);
    }
  });

  it.each(hashes)('computes HMAC-%s of parts as of the whole, again and again with one key', (name) => {
    fc.assert(
      fc.property(
        fc.uint8Array({ maxLength: 200 }),
        fc.array(parts, { minLength: 1, maxLength: 4 }),
        (key, messages) => {
          const mac = provider.mac(name, key);
          for (const message of messages) {
            const expected = createHmac(name, key).update(Buffer.concat(message)).digest('hex');
            expect(hex(mac.compute(...message))).toBe(expected);
          }
        },
      ),
    );
  });

  it.each(hashes)('keeps the HMAC-%s of two keys apart', (name) => {
    const [one, two] = [1, 2].map((fill) => new Uint8Array(32).fill(fill));
    const macs = [one, two].map((key) => provider.mac(name, key));
    const expected = [one, two].map((key) => createHmac(name, key).update('data').digest('hex'));
    one.fill(0);
    expect([0, 1, 0, 1].map((i) => hex(macs[i].compute(Buffer.from('data'))))).toEqual([...expected, ...expected]);
    macs[0].destroy();
    expect(() => macs[0].compute(Buffer.from('data'))).toThrow(/EBADF/);
    expect(hex(macs[1].compute(Buffer.from('data')))).toBe(expected[1]);
  });

  it.each(hashes)('leaves the key of HMAC-%s as it was, also when that is a Buffer', (name) => {
    const key = Buffer.alloc(32, 7);
    const mac = provider.mac(name, key);
    mac.compute(new Uint8Array(1_000));
    mac.destroy();
    expect([...key]).toEqual(new Array(32).fill(7));
  });

  it.each([
    ['sha256', 32],
    ['sha384', 48],
  ] as const)('says the length of HMAC-%s: %i', (name, length) => {
    expect(provider.mac(name, new Uint8Array(1)).length).toBe(length);
  });

  it.each(hashes)('gives the %s of what was fed so far, and can be fed more', (name) => {
    fc.assert(
      fc.property(parts, (chunks) => {
        const running = provider.hash(name);
        const fed: Uint8Array[] = [];
        for (const chunk of chunks) {
          running.update(chunk);
          fed.push(chunk);
          expect(hex(running.digest())).toBe(createHash(name).update(Buffer.concat(fed)).digest('hex'));
        }
      }),
    );
  });

  it('hashes nothing once destroyed', () => {
    const running = provider.hash('sha256');
    running.destroy();
    expect(() => running.update(new Uint8Array(1))).toThrow();
    expect(() => running.digest()).toThrow();
  });

  it('refuses a hash that is not one of its own', () => {
    expect(() => provider.hash('md5' as HashName)).toThrow(/EINVAL: hash must be sha256 or sha384, not md5/);
    expect(() => provider.mac('sha1' as HashName, new Uint8Array(20))).toThrow(/EINVAL/);
  });
});
