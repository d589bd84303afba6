import { createECDH, createPublicKey, diffieHellman, generateKeyPairSync, randomFillSync } from 'node:crypto';
import { isErrno } from '@avs-net/core';
import { describe, expect, it } from 'vitest';
import { nodeProvider } from '../../src/crypto/node.js';
import { portableProvider } from '../../src/crypto/portable.js';
import { type CryptoProvider, NamedGroup, type NamedGroupCode } from '../../src/crypto/provider.js';
import { bytes, hex } from './hex.js';

const { secp256r1, x25519 } = NamedGroup;
const random = (target: Uint8Array): void => {
  randomFillSync(target);
};
const always = (secret: string) => (target: Uint8Array) => target.set(bytes(secret));
const unusable = expect.toSatisfy((error: unknown) => isErrno(error, 'EINVAL') && /peerPublicKey/.test(error.message));

/** RFC 7748 §5.2, and the first round of its iteration. */
const rfc7748 = [
  {
    secret: 'a546e36bf0527c9d3b16154b82465edd62144c0ac1fc5a18506a2244ba449ac4',
    u: 'e6db6867583030db3594c1a424b15f7c726624ec26b3353b10a903a6d0ab1c4c',
    shared: 'c3da55379de9c6908e94ea4df28d084f32eccf03491c71f754b4075577a28552',
  },
  {
    secret: '4b66e9d4d1b4673c5ad22691957d6af5c11b6421e0ea01d42ca4169e7918ba0d',
    u: 'e5210f12786811d3f4b7959d0538ae2c31dbe7106fc03c3efc4cd549c715a493',
    shared: '95cbde9476e8907d7aade45cb4b873f88b595a68799fa152e6f8f7647aac7957',
  },
  {
    secret: '0900000000000000000000000000000000000000000000000000000000000000',
    u: '0900000000000000000000000000000000000000000000000000000000000000',
    shared: '422c8e7a6227d7bca1350b3e2bb7279f7897b87bb6854b783c60e80311ae3079',
  },
];

/** Points of small order, by their u: all give the all-zero secret. RFC 7748 §6.1. */
const smallOrder = {
  0: '0000000000000000000000000000000000000000000000000000000000000000',
  1: '0100000000000000000000000000000000000000000000000000000000000000',
  'of order 8': 'e0eb7a7c3b41b8ae1656e3faf19fc46ada098deb9c32b1fd866205165f49b800',
  'of order 8, the other': '5f9c95bca3508c24b1d0b1559c83ef5b04445cc4581c8e86d8224eddd09f1157',
  'p - 1': 'ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f',
  p: 'edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f',
  'p + 1': 'eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f',
};

/** RFC 5903 §8.1. */
const rfc5903 = {
  initiator: 'c88f01f510d9ac3f70a292daa2316de544e9aab8afe84049c62a9c57862d1433',
  initiatorPublic:
    '04dad0b65394221cf9b051e1feca5787d098dfe637fc90b9ef945d0c37725811805271a0461cdb8252d61f1c456fa3e59ab1f45b33accf5f58389e0577b8990bb3',
  responder: 'c6ef9c5d78ae012a011164acb397ce2088685d8f06bf9be0b283ab46476bee53',
  responderPublic:
    '04d12dfb5289c8d4f81208b70270398c342296970a0bccb74c736fc7554494bf6356fbf3ca366cc23e8157854c13c58d6aac23f046ada30f8353e74f33039872ab',
  shared: 'd6840f6b42f6edafd13116e0e12565202fef8e9ece7dce03812464d04b9442de',
};

/** Public keys for P-256 that are none. RFC 8422 §5.11: a receiver must check that the point is on the curve. */
const notOnTheCurve = (): Record<string, Uint8Array> => {
  const good = bytes(rfc5903.responderPublic);
  const change = (at: number, value: number): Uint8Array => {
    const changed = good.slice();
    changed[at] = value;
    return changed;
  };
  const hybrid = good.slice();
  hybrid[0] = 6 + (good[64] & 1);
  return {
    'a wrong y': change(64, good[64] ^ 1),
    'a wrong x': change(32, good[32] ^ 1),
    'the origin': change(0, 4).fill(0, 1),
    'coordinates beyond the field': change(0, 4).fill(0xff, 1),
    infinity: new Uint8Array(1),
    'infinity in 65 bytes': new Uint8Array(65),
    'the compressed form': Uint8Array.from([2 + (good[64] & 1), ...good.subarray(1, 33)]),
    'the hybrid form': hybrid,
    nothing: new Uint8Array(0),
    'a byte too many': Uint8Array.from([...good, 0]),
  };
};

describe.each([portableProvider, nodeProvider])('key agreement of the $name provider', (provider: CryptoProvider) => {
  it.each(rfc7748)('computes X25519 of RFC 7748 ($shared)', ({ secret, u, shared }) => {
    expect(hex(provider.keyShare(x25519, always(secret)).agree(bytes(u)))).toBe(shared);
  });

  it('computes P-256 of RFC 5903 §8.1', () => {
    const initiator = provider.keyShare(secp256r1, always(rfc5903.initiator));
    const responder = provider.keyShare(secp256r1, always(rfc5903.responder));
    expect(hex(initiator.publicKey)).toBe(rfc5903.initiatorPublic);
    expect(hex(responder.publicKey)).toBe(rfc5903.responderPublic);
    expect(hex(initiator.agree(responder.publicKey))).toBe(rfc5903.shared);
    expect(hex(responder.agree(initiator.publicKey))).toBe(rfc5903.shared);
  });

  it('agrees with node:crypto on fresh keys', () => {
    for (let i = 0; i < 3; i++) {
      const p256 = createECDH('prime256v1');
      p256.generateKeys();
      const share = provider.keyShare(secp256r1, random);
      expect(share.publicKey).toHaveLength(65);
      expect(hex(share.agree(p256.getPublicKey()))).toBe(hex(p256.computeSecret(share.publicKey)));

      const theirs = generateKeyPairSync('x25519');
      const ours = provider.keyShare(x25519, random);
      expect(ours.publicKey).toHaveLength(32);
      const jwk = theirs.publicKey.export({ format: 'jwk' });
      const peer = { kty: 'OKP', crv: 'X25519', x: Buffer.from(ours.publicKey).toString('base64url') };
      const publicKey = createPublicKey({ key: peer, format: 'jwk' });
      const expected = diffieHellman({ privateKey: theirs.privateKey, publicKey });
      expect(hex(ours.agree(new Uint8Array(Buffer.from(String(jwk.x), 'base64url'))))).toBe(expected.toString('hex'));
    }
  });

  it.each(Object.entries(smallOrder))(
    'refuses the X25519 public key %s, which gives an all-zero secret',
    (_name, u) => {
      expect(() => provider.keyShare(x25519, random).agree(bytes(u))).toThrow(unusable);
    },
  );

  it.each(Object.entries(notOnTheCurve()))('refuses as a P-256 public key %s', (_name, publicKey) => {
    expect(() => provider.keyShare(secp256r1, random).agree(publicKey)).toThrow(unusable);
  });

  it.each([0, 31, 33])('refuses an X25519 public key of %i bytes', (length) => {
    expect(() => provider.keyShare(x25519, random).agree(new Uint8Array(length).fill(9))).toThrow(unusable);
  });

  it.each([x25519, secp256r1])('has forgotten its secret after destroy (group %i)', (group) => {
    const share = provider.keyShare(group, random);
    const peer = provider.keyShare(group, random);
    share.destroy();
    expect(() => share.agree(peer.publicKey)).toThrow(/EBADF/);
  });

  it('takes another random number when the first is no private key for P-256', () => {
    const order = 'ffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551';
    const draws = ['00'.repeat(32), order, 'ff'.repeat(32), rfc5903.initiator];
    const share = provider.keyShare(secp256r1, (target) => target.set(bytes(String(draws.shift()))));
    expect(hex(share.publicKey)).toBe(rfc5903.initiatorPublic);
    expect(draws).toEqual([]);
  });

  it('takes the largest private key for P-256, the order less one', () => {
    const largest = 'ffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632550';
    const smallest = `${'00'.repeat(31)}01`;
    const [a, b] = [largest, smallest].map((secret) => provider.keyShare(secp256r1, always(secret)).publicKey);
    // Minus the base point, and the base point: the same x.
    expect(hex(a.subarray(1, 33))).toBe(hex(b.subarray(1, 33)));
    expect(hex(a)).not.toBe(hex(b));
  });

  it('gives up on a source of randomness that yields nothing but zeros', () => {
    expect(() => provider.keyShare(secp256r1, (target) => target.fill(0))).toThrow(/EINVAL: random/);
  });

  it('refuses a group that it does not know', () => {
    expect(() => provider.keyShare(24 as NamedGroupCode, random)).toThrow(/EINVAL: group/);
  });
});
