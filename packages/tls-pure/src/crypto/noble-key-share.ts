import { x25519 } from '@noble/curves/ed25519.js';
import { p256 } from '@noble/curves/nist.js';
import { badPublicKey, destroyedKeyShare, requireGroup, requirePublicKey } from './key-share.js';
import { randomP256Scalar } from './p256-scalar.js';
import { type KeyShare, NamedGroup, type NamedGroupCode } from './provider.js';
import { wipe } from './wipe.js';

/** A fresh key pair on noble. RFC 7748, SP 800-56A. */
export function createKeyShare(group: NamedGroupCode, random: (bytes: Uint8Array) => void): KeyShare {
  requireGroup(group);
  let secret: Uint8Array;
  let publicKey: Uint8Array;
  if (group === NamedGroup.x25519) {
    secret = new Uint8Array(32);
    random(secret);
    publicKey = x25519.getPublicKey(secret);
  } else {
    secret = randomP256Scalar(random);
    publicKey = p256.getPublicKey(secret, false);
  }
  let destroyed = false;
  return {
    group,
    publicKey,
    agree: (peerPublicKey) => {
      if (destroyed) throw destroyedKeyShare();
      requirePublicKey(group, peerPublicKey);
      try {
        if (group === NamedGroup.x25519) return x25519.getSharedSecret(secret, peerPublicKey);
        const point = p256.getSharedSecret(secret, peerPublicKey, false);
        const x = point.slice(1, 33);
        wipe(point);
        return x;
      } catch (cause) {
        throw badPublicKey(cause);
      }
    },
    destroy: () => {
      destroyed = true;
      wipe(secret);
    },
  };
}
