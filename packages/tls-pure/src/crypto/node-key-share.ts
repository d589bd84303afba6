import { createECDH, createPrivateKey, createPublicKey, diffieHellman, type ECDH, type KeyObject } from 'node:crypto';
import { badPublicKey, destroyedKeyShare, requireGroup, requirePublicKey } from './key-share.js';
import { randomP256Scalar } from './p256-scalar.js';
import { type KeyShare, NamedGroup, type NamedGroupCode } from './provider.js';
import { wipe } from './wipe.js';

// A PKCS #8 PrivateKeyInfo up to the 32 bytes of an X25519 key. RFC 8410 §7.
const x25519Pkcs8 = Uint8Array.from([
  0x30, 0x2e, 0x02, 0x01, 0x00, 0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x6e, 0x04, 0x22, 0x04, 0x20,
]);

function x25519PrivateKey(random: (bytes: Uint8Array) => void): KeyObject {
  const secret = new Uint8Array(32);
  random(secret);
  const key = Buffer.alloc(x25519Pkcs8.length + secret.length);
  key.set(x25519Pkcs8);
  key.set(secret, x25519Pkcs8.length);
  const privateKey = createPrivateKey({ key, format: 'der', type: 'pkcs8' });
  wipe(secret, key);
  return privateKey;
}

// As JWK, which goes straight to OpenSSL's raw keys: its DER decoder takes ten times as long in Node 20.
function x25519PublicKey(bytes: Uint8Array): KeyObject {
  const x = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString('base64url');
  return createPublicKey({ key: { kty: 'OKP', crv: 'X25519', x }, format: 'jwk' });
}

function createX25519(random: (bytes: Uint8Array) => void): KeyShare {
  let privateKey: KeyObject | undefined = x25519PrivateKey(random);
  const { x } = createPublicKey(privateKey).export({ format: 'jwk' });
  return {
    group: NamedGroup.x25519,
    publicKey: new Uint8Array(Buffer.from(String(x), 'base64url')),
    agree: (peerPublicKey) => {
      if (!privateKey) throw destroyedKeyShare();
      requirePublicKey(NamedGroup.x25519, peerPublicKey);
      try {
        // OpenSSL refuses to derive an all-zero secret.
        return new Uint8Array(diffieHellman({ privateKey, publicKey: x25519PublicKey(peerPublicKey) }));
      } catch (cause) {
        throw badPublicKey(cause);
      }
    },
    destroy: () => {
      privateKey = undefined;
    },
  };
}

function createP256(random: (bytes: Uint8Array) => void): KeyShare {
  const scalar = randomP256Scalar(random);
  let ecdh: ECDH | undefined = createECDH('prime256v1');
  ecdh.setPrivateKey(scalar);
  wipe(scalar);
  return {
    group: NamedGroup.secp256r1,
    publicKey: new Uint8Array(ecdh.getPublicKey()),
    agree: (peerPublicKey) => {
      if (!ecdh) throw destroyedKeyShare();
      requirePublicKey(NamedGroup.secp256r1, peerPublicKey);
      try {
        // OpenSSL refuses points that are not on the curve.
        return new Uint8Array(ecdh.computeSecret(peerPublicKey));
      } catch (cause) {
        throw badPublicKey(cause);
      }
    },
    destroy: () => {
      ecdh = undefined;
    },
  };
}

/** A fresh key pair of OpenSSL's. RFC 7748, SP 800-56A. */
export function createNodeKeyShare(group: NamedGroupCode, random: (bytes: Uint8Array) => void): KeyShare {
  requireGroup(group);
  return group === NamedGroup.x25519 ? createX25519(random) : createP256(random);
}
