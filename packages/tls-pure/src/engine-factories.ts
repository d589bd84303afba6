import {
  type Admission,
  type AssociationOptions,
  type ClientAssociationOptions,
  type ClientEngineFactory,
  type Engine,
  type EngineSink,
  errnoError,
  type ServerEngineFactory,
  type SessionCrypto,
} from '@avs-net/core';
import { admit } from './dtls12/admission.js';
import { createClientEngine, restoreClientEngine } from './dtls12/client.js';
import type { ClientContext, ServerContext } from './dtls12/context.js';
import { continueAssociation } from './dtls12/continuation.js';
import { CookieJar } from './handshake/cookie.js';
import { worstMaxPlaintext } from './record/overhead.js';
import { sessionCrypto } from './session/session-crypto.js';

/**
 * The smallest datagram that handshakes work in, bytes: one that holds a ClientHello up to its cookie, so that a server can judge it
 * without keeping fragments.
 */
export const minDatagramSize = 100;

/** Client engines over a context whose key and identity are its own copies; `destroy` wipes them. */
export class PureClientFactory implements ClientEngineFactory {
  constructor(private readonly context: ClientContext) {}

  createClient(sink: EngineSink, options: ClientAssociationOptions): Engine {
    checkDatagramSize(options.maxDatagramSize);
    return createClientEngine(this.context, sink, options);
  }

  restoreClient(sink: EngineSink, options: ClientAssociationOptions, state: Uint8Array): Engine | undefined {
    return restoreClientEngine(this.context, sink, options, state);
  }

  maxPlaintext(size: number): number {
    return Math.max(0, worstMaxPlaintext(this.context.suites, size, this.context.recordPadding));
  }

  destroy(): void {
    this.context.psk.wipe();
  }
}

/** What distinguishes the sealed state of a listener from others under the same key. */
const listenerState = /* @__PURE__ */ (() => new TextEncoder().encode('avs-net tls-pure listener state'))();

/** Server engines, and the cookies that let strangers prove their address. */
export class PureServerFactory implements ServerEngineFactory {
  readonly minDatagramSize = minDatagramSize;
  readonly #cookies: CookieJar;
  readonly #crypto: SessionCrypto;

  constructor(private readonly context: ServerContext) {
    this.#cookies = new CookieJar(context.provider, context.random);
    this.#crypto = sessionCrypto(context.provider, context.random);
  }

  admit(datagram: Uint8Array, peer: Uint8Array, now: number): Admission {
    const admission = admit(this.context, this.#cookies, datagram, peer, now);
    if (admission.action !== 'accept') return admission;
    return {
      ...admission,
      create: (sink, options) => {
        checkDatagramSize(options.maxDatagramSize);
        return admission.create(sink, options);
      },
    };
  }

  restoreServer(sink: EngineSink, options: AssociationOptions, state: Uint8Array): Engine | undefined {
    return continueAssociation(state, 'server', this.context, sink, options);
  }

  seal(plaintext: Uint8Array, key: Uint8Array): Uint8Array {
    return this.#crypto.seal(key, listenerState, plaintext);
  }

  open(sealed: Uint8Array, key: Uint8Array): Uint8Array | undefined {
    return this.#crypto.open(key, listenerState, sealed);
  }

  maxPlaintext(size: number): number {
    return Math.max(0, worstMaxPlaintext(this.context.suites, size, this.context.recordPadding));
  }

  destroy(): void {
    this.#cookies.destroy();
    this.context.sessions?.destroy();
  }
}

function checkDatagramSize(size: number): void {
  if (size < minDatagramSize) {
    throw errnoError('EMSGSIZE', `a DTLS handshake needs datagrams of at least ${minDatagramSize} bytes, not ${size}`);
  }
}
