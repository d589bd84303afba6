import {
  type Backend,
  type BackendCapabilities,
  type CertificateSecurity,
  copyListenerConfiguration,
  copyTlsConfiguration,
  createDatagramListener,
  createSecureSocket,
  type DtlsListener,
  type DtlsListenerConfiguration,
  errnoError,
  type ListenerSettings,
  type PskSecurity,
  type PskServerSecurity,
  type SecureSocket,
  type Socket,
  type SocketConfiguration,
  type TlsCommonSettings,
  type TlsConfiguration,
} from '@avs-net/core';
import { type CredentialLoader, pskIdentityLimits, pskKeyLimits } from '@avs-net/crypto-creds';
import { ciphersuite, ciphersuites } from './ciphersuites.js';
import type { CryptoProvider } from './crypto/provider.js';
import { type Context, PskCredentials } from './dtls12/context.js';
import { PureClientFactory, PureServerFactory } from './engine-factories.js';
import { ServerSessions } from './session/server-sessions.js';

/** What differs between Node and elsewhere. */
export interface Platform {
  readonly provider: CryptoProvider;
  /** Fills its argument from the platform's CSPRNG. */
  readonly random: (bytes: Uint8Array) => void;
  /** Loads credentials from the sources that the platform has. */
  readonly credentials: Pick<CredentialLoader, 'loadPskKey' | 'loadPskIdentity'>;
  /** Makes the UDP socket below; without it the caller brings one by `decorate`. */
  readonly createUdpSocket: ((configuration: SocketConfiguration) => Promise<Socket>) | undefined;
}

/** What `additionalConfiguration` is called with; what it changes is used. */
export interface PureSettings {
  /** Where the cryptography comes from. */
  provider: CryptoProvider;
  /** As on the wire, in order of preference. */
  ciphersuites: number[];
  /**
   * A client's: connect also to servers without renegotiation_info (RFC 5746), such as Californium before 3.8. Default false: the handshake
   * fails with handshake_failure, as RFC 9325 §3.5 asks and OpenSSL 3 does.
   */
  legacyServers: boolean;
}

/** What this backend has. */
export const capabilities: BackendCapabilities = {
  dtlsVersions: ['1.2'],
  tlsVersions: [],
  modes: ['psk'],
  ciphersuites: ciphersuites.map(({ id }) => id),
  server: true,
  sessionResumption: true,
  connectionId: false,
  extendedMasterSecret: true,
  encryptThenMac: true,
  maxFragmentLength: true,
  dane: false,
  emptyDatagrams: true,
  pskIdentityZeroByte: true,
  maxPskKeyLength: pskKeyLimits.max,
  maxPskIdentityLength: pskIdentityLimits.max,
};

/** The backend on a platform. */
export function createBackend(platform: Platform): Backend {
  return {
    name: 'pure',
    capabilities,
    createDtlsSocket: (configuration) => createClient(platform, configuration, platform.createUdpSocket),
    createTlsSocket: () => Promise.reject(noTls()),
    decorateInPlace: (socket, configuration) => decorateInPlace(platform, socket, configuration),
    createDtlsListener: (configuration) => createListener(platform, configuration),
  };
}

async function createClient(
  platform: Platform,
  configuration: TlsConfiguration,
  createBackendSocket: Platform['createUdpSocket'],
): Promise<SecureSocket> {
  const settings = copyTlsConfiguration(configuration);
  const psk = await loadPsk(platform, requirePsk(configuration.security));
  try {
    const context = createContext(platform, settings);
    const { maxFragmentLength } = settings;
    const engines = new PureClientFactory({ ...context, psk, maxFragmentLength });
    return await createSecureSocket({
      type: 'dtls',
      engines,
      configuration: settings,
      createBackend: createBackendSocket,
    });
  } catch (error) {
    psk.wipe();
    throw error;
  }
}

async function loadPsk({ credentials }: Platform, security: PskSecurity): Promise<PskCredentials> {
  // Both are copied before anything is waited for, so that the caller may wipe its own at once.
  const [identity, key] = await Promise.allSettled([
    credentials.loadPskIdentity(security.identity, { name: 'security.identity' }),
    credentials.loadPskKey(security.key, { name: 'security.key' }),
  ]);
  if (key.status === 'rejected') throw key.reason;
  if (identity.status === 'rejected') {
    key.value.fill(0);
    throw identity.reason;
  }
  return new PskCredentials(key.value, identity.value);
}

async function decorateInPlace(
  platform: Platform,
  socket: Socket,
  configuration: TlsConfiguration,
): Promise<SecureSocket> {
  if (socket.type === 'tcp' || socket.type === 'tls') throw noTls();
  const decorator = await createClient(platform, configuration, undefined);
  try {
    await decorator.decorate(socket);
    return decorator;
  } catch (error) {
    await decorator.cleanup();
    throw error;
  }
}

async function createListener(platform: Platform, configuration: DtlsListenerConfiguration): Promise<DtlsListener> {
  const { createUdpSocket, credentials } = platform;
  const settings: ListenerSettings = copyListenerConfiguration(configuration);
  const context = createContext(platform, settings);
  const security = requirePskServer(configuration.security);
  const resolve = security.resolve.bind(security);
  const engines = new PureServerFactory({
    ...context,
    sessions:
      settings.resumption && new ServerSessions(context.provider, context.random, context.date, settings.resumption),
    identityHint: copyIdentityHint(security.identityHint),
    resolve: async (identity) => {
      const key = await resolve(identity);
      return key && credentials.loadPskKey(key, { name: 'what security.resolve gave' });
    },
  });
  return createDatagramListener({ engines, configuration: settings, createBackend: createUdpSocket });
}

function createContext(platform: Platform, settings: TlsCommonSettings): Context & { legacyServers: boolean } {
  // It is the lowest version allowed: DTLS 1.2 satisfies whatever asks for less.
  if (settings.version === '1.3') {
    throw errnoError('ENOTSUP', `version ${settings.version} is not supported: this backend speaks DTLS 1.2`);
  }
  const wanted = settings.ciphersuites.length > 0 ? settings.ciphersuites : capabilities.ciphersuites;
  const adjusted: PureSettings = { provider: platform.provider, ciphersuites: [...wanted], legacyServers: false };
  settings.additionalConfiguration?.(adjusted);
  const suites = adjusted.ciphersuites.flatMap((id) => ciphersuite(id) ?? []);
  if (suites.length === 0) throw errnoError('EINVAL', 'ciphersuites: none of them is supported in mode psk');
  return {
    provider: adjusted.provider,
    random: settings.random ?? platform.random,
    onKeyLog: settings.onKeyLog,
    date: () => settings.clock.date?.() ?? Date.now(),
    suites,
    legacyServers: adjusted.legacyServers,
  };
}

function requirePsk(security: TlsConfiguration['security']): PskSecurity {
  refuseCertificates(security);
  return security;
}

function requirePskServer(security: DtlsListenerConfiguration['security']): PskServerSecurity {
  refuseCertificates(security);
  if (typeof security.resolve !== 'function') throw new TypeError('security.resolve must be a function');
  return security;
}

function refuseCertificates<T extends { mode: string }>(
  security: T | CertificateSecurity,
): asserts security is Exclude<T, CertificateSecurity> {
  if (security.mode === 'certificate') {
    throw errnoError('ENOTSUP', 'security.mode certificate is not supported by this backend yet; use psk');
  }
}

/** RFC 4279 §5.2: UTF-8; its length has no limit of its own there, so it gets the identity's. */
function copyIdentityHint(hint: string | Uint8Array | undefined): Uint8Array | undefined {
  if (hint === undefined) return undefined;
  if (typeof hint !== 'string' && !(hint instanceof Uint8Array)) {
    throw new TypeError('security.identityHint must be a string or a Uint8Array');
  }
  const bytes = typeof hint === 'string' ? new TextEncoder().encode(hint) : hint.slice();
  if (bytes.length > pskIdentityLimits.max) {
    throw errnoError(
      'EINVAL',
      `security.identityHint has ${bytes.length} bytes, at most ${pskIdentityLimits.max} are allowed`,
    );
  }
  return bytes;
}

function noTls(): Error {
  return errnoError('ENOTSUP', 'TLS over a stream is not supported by this backend yet; it speaks DTLS');
}
