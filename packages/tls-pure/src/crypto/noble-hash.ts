import { errnoError } from '@avs-net/core';
import { type _HMAC, hmac } from '@noble/hashes/hmac.js';
import { sha256, sha384 } from '@noble/hashes/sha2.js';
import { requireBytes, requireHashName } from './arguments.js';
import type { Hash, HashName, Mac } from './provider.js';
import { Sha256Mac } from './sha256-mac.js';

const hashes = { sha256, sha384 } as const;

/** A running SHA-256 or SHA-384 on noble. FIPS 180-4. */
export function createHash(name: HashName): Hash {
  requireHashName(name);
  const state = hashes[name].create();
  return {
    update: (data) => {
      state.update(data);
    },
    digest: () => state.clone().digest(),
    destroy: () => state.destroy(),
  };
}

// One running HMAC serves all keys: computing clones a key's state into it, which spares each key a second state.
let running: _HMAC<ReturnType<typeof sha384.create>> | undefined;

/** HMAC on noble, with the state after the key's pads kept. RFC 2104. The key is copied, in the form of that state. */
export function createMac(name: HashName, key: Uint8Array): Mac {
  requireHashName(name);
  if (name === 'sha256') return new Sha256Mac(key);
  requireBytes('key', key);
  const keyed = hmac.create(sha384, key);
  const length = keyed.outputLen;
  let destroyed = false;
  return {
    length,
    compute: (...parts) => {
      if (destroyed) throw errnoError('EBADF', 'the MAC was destroyed');
      running = keyed._cloneInto(running);
      for (const part of parts) running.update(part);
      const output = new Uint8Array(length);
      running.digestInto(output);
      return output;
    },
    destroy: () => {
      destroyed = true;
      keyed.destroy();
    },
  };
}
