import { constantTimeEqual } from '../crypto/constant-time.js';
import type { CryptoProvider, Mac } from '../crypto/provider.js';
import type { ClientHelloPrefix } from './client-hello.js';

/** Bytes of a cookie: within the 32 that DTLS 1.0 allows, and short enough that the answer is never longer than the question. */
export const cookieLength = 32;

/** How long a secret makes new cookies; it is accepted for as long again. */
const secretLifetime = 60_000;

/**
 * Cookies that need no memory: an HMAC over the peer's address and its ClientHello, under a secret that changes every minute.
 * RFC 6347 §4.2.1.
 */
export class CookieJar {
  #current: Mac;
  #previous: Mac | undefined;
  #born: number | undefined;

  constructor(
    private readonly provider: CryptoProvider,
    private readonly random: (bytes: Uint8Array) => void,
  ) {
    this.#current = this.#newSecret();
  }

  /** The cookie for a hello, `rest` being what follows its cookie (empty where the hello is fragmented). */
  issue(peer: Uint8Array, hello: ClientHelloPrefix, rest: Uint8Array, now: number): Uint8Array {
    this.#rotate(now);
    return cookie(this.#current, peer, hello, rest);
  }

  /** Whether the hello's cookie is one of ours, for this peer and this hello, and not too old. */
  verify(peer: Uint8Array, hello: ClientHelloPrefix, rest: Uint8Array, now: number): boolean {
    if (hello.cookie.length !== cookieLength) return false;
    this.#rotate(now);
    if (constantTimeEqual(hello.cookie, cookie(this.#current, peer, hello, rest))) return true;
    return this.#previous !== undefined && constantTimeEqual(hello.cookie, cookie(this.#previous, peer, hello, rest));
  }

  destroy(): void {
    this.#current.destroy();
    this.#previous?.destroy();
  }

  #rotate(now: number): void {
    this.#born ??= now;
    const age = now - this.#born;
    if (age < secretLifetime) return;
    this.#previous?.destroy();
    this.#previous = this.#current;
    this.#current = this.#newSecret();
    if (age >= 2 * secretLifetime) {
      this.#previous.destroy();
      this.#previous = undefined;
    }
    this.#born += age - (age % secretLifetime);
  }

  #newSecret(): Mac {
    const secret = new Uint8Array(32);
    this.random(secret);
    const mac = this.provider.mac('sha256', secret);
    secret.fill(0);
    return mac;
  }
}

function cookie(mac: Mac, peer: Uint8Array, hello: ClientHelloPrefix, rest: Uint8Array): Uint8Array {
  // Lengths go in front of what varies, so that no two inputs read the same.
  const lengths = Uint8Array.of(hello.version >>> 8, hello.version, peer.length, hello.sessionId.length);
  return mac.compute(lengths, peer, hello.random, hello.sessionId, rest);
}
