import { randomFillSync } from 'node:crypto';
import {
  type ClientEngineFactory,
  ciphersuiteByName,
  defaultHandshakeTimeouts,
  type ServerEngineFactory,
  ServerSessions,
} from '@avs-net/core';
import { availableCiphersuites } from '../../../packages/tls-openssl/dist/ciphersuites.js';
import { OpensslClientFactory, OpensslServerFactory } from '../../../packages/tls-openssl/dist/engine-factories.js';
import { loadNative } from '../../../packages/tls-openssl/dist/native.js';
import { sessionCrypto as opensslSessionCrypto } from '../../../packages/tls-openssl/dist/session-crypto.js';
import { ciphersuite } from '../../../packages/tls-pure/dist/ciphersuites.js';
import { nodeProvider } from '../../../packages/tls-pure/dist/crypto/node.js';
import { portableProvider } from '../../../packages/tls-pure/dist/crypto/portable.js';
import type { CryptoProvider } from '../../../packages/tls-pure/dist/crypto/provider.js';
import { PskCredentials } from '../../../packages/tls-pure/dist/dtls12/context.js';
import { PureClientFactory, PureServerFactory } from '../../../packages/tls-pure/dist/engine-factories.js';
import { sessionCrypto } from '../../../packages/tls-pure/dist/session/session-crypto.js';
import { identity, key } from './psk.js';
import { Unable } from './unable.js';

/** Both ends of one backend, for one suite. */
export interface Engines {
  readonly client: ClientEngineFactory;
  readonly server: ServerEngineFactory;
}

/** What the engines of an association are told, here as by the sockets of a loopback or Ethernet network. */
export const associationOptions = { maxDatagramSize: 1400, handshakeTimeouts: defaultHandshakeTimeouts };

const random = (bytes: Uint8Array): void => {
  randomFillSync(bytes);
};

/** Tickets only: libssl keeps no session either where the client takes a ticket. */
const resumption = { cache: false, tickets: undefined, lifetime: 3_600_000 } as const;

/** The engines of a backend by its name: `openssl`, `pure` (with `node:crypto`) or `portable`. @throws Unable the backend lacks the suite. */
export function enginesOf(name: string, suiteName: string): Engines {
  if (name === 'openssl') return opensslEngines(suiteName);
  return pureEngines(name === 'portable' ? portableProvider : nodeProvider, suiteName);
}

function pureEngines(provider: CryptoProvider, suiteName: string): Engines {
  const suite = ciphersuite(ciphersuiteByName(suiteName) ?? -1);
  if (suite === undefined) throw new Unable(`there is no suite ${suiteName}`);
  const shared = { provider, random, onKeyLog: undefined, date: Date.now, suites: [suite] };
  return {
    client: new PureClientFactory({
      ...shared,
      psk: new PskCredentials(key.slice(), identity.slice()),
      maxFragmentLength: undefined,
    }),
    server: new PureServerFactory({
      ...shared,
      identityHint: undefined,
      sessions: new ServerSessions(sessionCrypto(provider, random), Date.now, resumption),
      resolve: async () => key.slice(),
    }),
  };
}

function opensslEngines(suiteName: string): Engines {
  const loaded = loadNative();
  if (loaded.error !== undefined) throw new Unable(loaded.error.message);
  const { native } = loaded;
  const suite = availableCiphersuites(native.ciphersuites).find((each) => each.name === suiteName);
  if (suite === undefined) throw new Unable(`OpenSSL has no ${suiteName}`);
  const crypto = opensslSessionCrypto();
  const context = { native, suites: [suite], onKeyLog: undefined };
  const psk = { key: key.slice(), identity: identity.slice() };
  const sessionLifetime = resumption.lifetime / 1_000;
  return {
    client: new OpensslClientFactory(
      { ...context, psk, crypto, date: Date.now, version: '1.2', maxFragmentLength: undefined },
      new native.Context({ server: false, ciphersuites: suite.opensslName, identity, key }),
    ),
    server: new OpensslServerFactory(
      { ...context, resolve: async () => key.slice(), sessions: new ServerSessions(crypto, Date.now, resumption) },
      new native.Context({ server: true, ciphersuites: suite.opensslName, sessionLifetime }),
    ),
  };
}
