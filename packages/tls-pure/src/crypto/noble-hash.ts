import { errnoError } from '@avs-net/core';
import { type _HMAC, hmac } from '@noble/hashes/hmac.js';
import { sha256, sha384 } from '@noble/hashes/sha2.js';
import { requireBytes } from './arguments.js';
import type { Hash, HashName, Mac } from './provider.js';

const hashes = { sha256, sha384 } as const;

/** @throws EINVAL unless `name` is a {@link HashName}. */
export function requireHashName(name: HashName): void {
  if (!Object.hasOwn(hashes, name)) throw errnoError('EINVAL', `hash must be sha256 or sha384, not ${String(name)}`);
}

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

// One running HMAC for each hash serves all keys: computing clones a key's state into it, which spares each key a second state
// and each record the two compressions of the key's pads.
const running: Partial<Record<HashName, _HMAC<ReturnType<(typeof hashes)[HashName]['create']>>>> = {};

/** HMAC on noble, with the state after the key's pads kept. RFC 2104. The key is copied, in the form of that state. */
export function createMac(name: HashName, key: Uint8Array): Mac {
  requireHashName(name);
  requireBytes('key', key);
  const keyed = hmac.create(hashes[name], key);
  const length = keyed.outputLen;
  let destroyed = false;
  return {
    length,
    compute: (...parts) => {
      if (destroyed) throw errnoError('EBADF', 'the MAC was destroyed');
      const state = keyed._cloneInto(running[name]);
      running[name] = state;
      for (const part of parts) state.update(part);
      const output = new Uint8Array(length);
      state.digestInto(output);
      return output;
    },
    destroy: () => {
      destroyed = true;
      keyed.destroy();
    },
  };
}
