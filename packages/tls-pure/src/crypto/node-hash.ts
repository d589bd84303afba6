import { createHmac, createSecretKey, type KeyObject, createHash as nodeHash } from 'node:crypto';
import { errnoError } from '@avs-net/core';
import { requireBytes, requireHashName } from './arguments.js';
import type { Hash, HashName, Mac } from './provider.js';
import { Sha256Mac } from './sha256-mac.js';

/** A running hash of OpenSSL's. */
export function createNodeHash(name: HashName): Hash {
  requireHashName(name);
  let state: ReturnType<typeof nodeHash> | undefined = nodeHash(name);
  const running = (): ReturnType<typeof nodeHash> => {
    if (!state) throw errnoError('EBADF', 'the hash was destroyed');
    return state;
  };
  return {
    update: (data) => {
      running().update(data);
    },
    digest: () => new Uint8Array(running().copy().digest()),
    destroy: () => {
      state = undefined;
    },
  };
}

/** HMAC of OpenSSL's. The `KeyObject` matters: given bytes, Node 24 is six times as slow. */
class NodeMac implements Mac {
  readonly length: number;
  readonly #name: HashName;
  #key: KeyObject | undefined;

  constructor(name: HashName, key: Uint8Array) {
    this.length = name === 'sha256' ? 32 : 48;
    this.#name = name;
    this.#key = createSecretKey(key);
  }

  compute(...parts: readonly Uint8Array[]): Uint8Array {
    if (!this.#key) throw errnoError('EBADF', 'the MAC was destroyed');
    const hmac = createHmac(this.#name, this.#key);
    for (const part of parts) hmac.update(part);
    return new Uint8Array(hmac.digest());
  }

  destroy(): void {
    this.#key = undefined;
  }
}

/** From this many bytes on HMAC-SHA-256 is faster through OpenSSL. */
const longMac = 160;

/** HMAC-SHA-256 in TypeScript for short data, OpenSSL's for long, which is set up when it is first needed. */
class NodeSha256Mac extends Sha256Mac {
  readonly #key: Uint8Array;
  #long: NodeMac | undefined;

  constructor(key: Uint8Array) {
    super(key);
    // Not slice, which gives a view of a Buffer: it will be wiped.
    this.#key = Uint8Array.from(key);
  }

  override compute(...parts: readonly Uint8Array[]): Uint8Array {
    let total = 0;
    for (const part of parts) total += part.length;
    if (total < longMac || this.isDestroyed) return super.compute(...parts);
    this.#long ??= new NodeMac('sha256', this.#key);
    return this.#long.compute(...parts);
  }

  override destroy(): void {
    super.destroy();
    this.#key.fill(0);
    this.#long?.destroy();
  }
}

/** HMAC with a key that is copied. */
export function createNodeMac(name: HashName, key: Uint8Array): Mac {
  requireHashName(name);
  requireBytes('key', key);
  return name === 'sha256' ? new NodeSha256Mac(key) : new NodeMac(name, key);
}
