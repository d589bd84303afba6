import { describe, expect, it } from 'vitest';
import { nodeProvider } from '../../src/crypto/node.js';
import { portableProvider } from '../../src/crypto/portable.js';
import { prf } from '../../src/crypto/prf.js';
import { bytes, hex } from './hex.js';

/** Posted to the IETF TLS working group's list in 2009 (msg03416), label "test label". */
const vectors = [
  {
    hash: 'sha256',
    secret: '9bbe436ba940f017b17652849a71db35',
    seed: 'a0ba9f936cda311827a6f796ffd5198c',
    output:
      'e3f229ba727be17b8d122620557cd453c2aab21d07c3d495329b52d4e61edb5a6b301791e90d35c9c9a46b4e14baf9af0fa022f7077def17abfd3797c0564bab4fbc91666e9def9b97fce34f796789baa48082d122ee42c5a72e5a5110fff70187347b66',
  },
  {
    hash: 'sha384',
    secret: 'b80b733d6ceefcdc71566ea48e5567df',
    seed: 'cd665cf6a8447dd6ff8b27555edb7465',
    output:
      '7b0c18e9ced410ed1804f2cfa34a336a1c14dffb4900bb5fd7942107e81c83cde9ca0faa60be9fe34f82b1233c9146a0e534cb400fed2700884f9dc236f80edd8bfa961144c9e8d792eca722a7b32fc3d416d473ebc2c5fd4abfdad05d9184259b5bf8cd4d90fa0d31e2dec479e4f1a26066f2eea9a69236a3e52655c9e9aee691c8f3a26854308d5eaa3be85e0990703d73e56f',
  },
] as const;

describe.each([portableProvider, nodeProvider])('the TLS 1.2 PRF with the $name provider', (provider) => {
  it.each(vectors)('computes the published vector for $hash', ({ hash, secret, seed, output }) => {
    const computed = prf(provider, hash, bytes(secret), 'test label', bytes(seed), output.length / 2);
    expect(hex(computed)).toBe(output);
  });

  it.each(vectors)(
    'gives the beginning of the same output when less is asked for ($hash)',
    ({ hash, secret, seed, output }) => {
      for (const length of [0, 1, 12, 32, 47, 48, 49, 64, 96, 100]) {
        const computed = prf(provider, hash, bytes(secret), 'test label', bytes(seed), length);
        expect(hex(computed)).toBe(output.slice(0, 2 * length));
      }
    },
  );

  it('refuses a label that is not ASCII and a length that is none', () => {
    expect(() => prf(provider, 'sha256', new Uint8Array(1), 'é', new Uint8Array(0), 1)).toThrow(/EINVAL: label/);
    expect(() => prf(provider, 'sha256', new Uint8Array(1), 'a', new Uint8Array(0), -1)).toThrow(/EINVAL: length/);
    expect(() => prf(provider, 'sha256', new Uint8Array(1), 'a', new Uint8Array(0), 1.5)).toThrow(/EINVAL: length/);
    expect(() => prf(provider, 'sha256', 'key' as unknown as Uint8Array, 'a', new Uint8Array(0), 1)).toThrow(TypeError);
  });
});
