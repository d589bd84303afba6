import { errnoError } from '@avs-net/core';
import { NamedGroup, type NamedGroupCode } from './provider.js';

// What every implementation of a KeyShare checks, and how it fails.

/** Bytes of a public key as TLS carries it. RFC 8422 §5.4. */
export const publicKeyLengths: Readonly<Record<NamedGroupCode, number>> = {
  [NamedGroup.x25519]: 32,
  [NamedGroup.secp256r1]: 65,
};

/** @throws EINVAL for a public key that has not its group's form. RFC 8422 §5.1.2: points are uncompressed. */
export function requirePublicKey(group: NamedGroupCode, publicKey: Uint8Array): void {
  if (!(publicKey instanceof Uint8Array)) throw new TypeError('peerPublicKey must be a Uint8Array');
  const length = publicKeyLengths[group];
  if (publicKey.length !== length || (group === NamedGroup.secp256r1 && publicKey[0] !== 4)) {
    throw errnoError('EINVAL', `peerPublicKey must be ${length} bytes in the form of its group`);
  }
}

/** @throws EINVAL unless `group` is a {@link NamedGroup}. */
export function requireGroup(group: NamedGroupCode): void {
  if (!Object.hasOwn(publicKeyLengths, group)) {
    throw errnoError('EINVAL', `group must be secp256r1 or x25519, not ${String(group)}`);
  }
}

/** The error of a public key that yields no secret: not on the curve, or of small order. */
export function badPublicKey(cause: unknown): Error {
  return errnoError('EINVAL', 'peerPublicKey is no usable point of its group', { cause });
}

/** The error of a key share that is used after its end. */
export function destroyedKeyShare(): Error {
  return errnoError('EBADF', 'the key share was destroyed');
}
