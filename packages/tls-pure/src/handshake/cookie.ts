import { constantTimeEqual } from '../crypto/constant-time.js';
import type { CryptoProvider, Mac } from '../crypto/provider.js';
import type { ClientHelloPrefix } from './client-hello.js';

/**
 * Bytes of a cookie: half an HMAC, which nobody guesses, short enough that the answer is never longer than the question and that the
 * first piece of a ClientHello holds it even where the pieces are small (Scandium sends 61 bytes of the message in datagrams of 122).
 */
export const cookieLength = 16;

/** How long a secret makes new cookies; it is accepted for as long again. */
const secretLifetime = 60_000;

/**
 * Cookies that need no memory: an HMAC over the peer's address and its ClientHello, under a secret that changes every minute.
 * RFC 6347 §4.2.1.
 *
 * Of the ClientHello it covers the version and the 32 random bytes. Not what stands behind the cookie: a hello that is longer with
 * its cookie than without may have to be cut, and its first fragment must be enough. Not the session ID either: with a ticket, Mbed
 * TLS draws another one for each ClientHello (RFC 5077 §3.4). Nothing is lost by that: what is negotiated comes from the hello with
 * the cookie, which the Finished messages cover.
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

  /** The cookie for a hello. */
  issue(peer: Uint8Array, hello: ClientHelloPrefix, now: number): Uint8Array {
    this.#rotate(now);
    return cookie(this.#current, peer, hello);
  }

  /** Whether the hello's cookie is one of ours, for this peer and this hello, and not too old. */
  verify(peer: Uint8Array, hello: ClientHelloPrefix, now: number): boolean {
    if (hello.cookie.length !== cookieLength) return false;
    this.#rotate(now);
    if (constantTimeEqual(hello.cookie, cookie(this.#current, peer, hello))) return true;
    return this.#previous !== undefined && constantTimeEqual(hello.cookie, cookie(this.#previous, peer, hello));
  }

  destroy(): void {
    this.#current.destroy();
    this.#previous?.destroy();
  }

  #rotate(now: number): void {
    this.#born ??= now;
    const age = now - this.#born;
    if (age < secretLifetime) return;
    const fresh = this.#newSecret();
    this.#previous?.destroy();
    this.#previous = this.#current;
    this.#current = fresh;
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

function cookie(mac: Mac, peer: Uint8Array, hello: ClientHelloPrefix): Uint8Array {
  // What varies in its length comes last, so that no two inputs read the same.
  const version = Uint8Array.of(hello.version >>> 8, hello.version);
  return mac.compute(version, hello.random, peer).slice(0, cookieLength);
}
