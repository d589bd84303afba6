import type { CryptoProvider, Hash, HashName } from '../crypto/provider.js';
import type { HandshakeMessage } from './message.js';

/**
 * The hash of all handshake messages. Until a ServerHello has chosen the suite, and with it the hash, messages are kept.
 * RFC 5246 §7.4.9, RFC 6347 §4.2.6.
 */
export class Transcript {
  #hash: Hash | undefined;
  #kept: Uint8Array[] = [];

  /** Starts over: a HelloVerifyRequest and the ClientHello before it do not count. RFC 6347 §4.2.1. */
  reset(): void {
    this.#kept = [];
  }

  add(message: HandshakeMessage): void {
    if (this.#hash) this.#hash.update(message.bytes);
    else this.#kept.push(message.bytes.slice());
  }

  choose(provider: CryptoProvider, name: HashName): void {
    const hash = provider.hash(name);
    for (const bytes of this.#kept) hash.update(bytes);
    this.#kept = [];
    this.#hash = hash;
  }

  /** The hash of the messages so far. */
  digest(): Uint8Array {
    if (!this.#hash) throw new Error('the transcript has no hash yet');
    return this.#hash.digest();
  }

  destroy(): void {
    this.#hash?.destroy();
    this.#kept = [];
  }
}
