import {
  type Backend,
  type BackendCapabilities,
  copyListenerConfiguration,
  copyTlsConfiguration,
  createDatagramListener,
  createSecureSocket,
  type DtlsListener,
  type DtlsListenerConfiguration,
  errnoError,
  type ListenerSettings,
  type SecureSocket,
  ServerSessions,
  type Socket,
  type SocketConfiguration,
  type TlsConfiguration,
  type TlsSettings,
} from '@avs-net/core';
import { loadPskSecurity, type PskLoader, pskIdentityLimits, pskKeyLimits, pskLookup } from '@avs-net/crypto-creds';
import { type Ciphersuite, ciphersuite, ciphersuites } from './ciphersuites.js';
import type { CryptoProvider } from './crypto/provider.js';
import { type Context, PskCredentials } from './dtls12/context.js';
import { PureClientFactory, PureServerFactory } from './engine-factories.js';
import { sessionCrypto } from './session/session-crypto.js';

/** What differs between Node and elsewhere. */
export interface Platform {
  readonly provider: CryptoProvider;
  /** Loads what the provider needs for some suites. */
  readonly prepare: ((suites: readonly Ciphersuite[]) => Promise<void>) | undefined;
  /** Fills its argument from the platform's CSPRNG. */
  readonly random: (bytes: Uint8Array) => void;
  /** Loads credentials from the sources that the platform has. */
  readonly credentials: PskLoader;
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
  connectionId: true,
  extendedMasterSecret: true,
  encryptThenMac: true,
  maxFragmentLength: true,
  dane: false,
  emptyDatagrams: true,
  pskIdentityZeroByte: true,
  maxPskKeyLength: pskKeyLimits.max,
  maxPskIdentityLength: pskIdentityLimits.max,
};

// Functions by themselves, besides the object of all of them: who bundles a client alone has no listener in the bundle.

/** The backend on a platform. */
export function createBackend(platform: Platform): Backend {
  return {
    name: 'pure',
    capabilities,
    createDtlsSocket: (configuration) => createDtlsSocket(platform, configuration),
    createTlsSocket,
    decorateInPlace: (socket, configuration) => decorateInPlace(platform, socket, configuration),
    createDtlsListener: (configuration) => createDtlsListener(platform, configuration),
  };
}

/** See {@link Backend.createDtlsSocket}. */
export function createDtlsSocket(platform: Platform, configuration: TlsConfiguration): Promise<SecureSocket> {
  return createClient(platform, configuration, platform.createUdpSocket);
}

/** See {@link Backend.createTlsSocket}. */
export function createTlsSocket(): Promise<SecureSocket> {
  return Promise.reject(noTls());
}

async function createClient(
  platform: Platform,
  configuration: TlsConfiguration,
  createBackendSocket: Platform['createUdpSocket'],
): Promise<SecureSocket> {
  const settings = copyTlsConfiguration(configuration);
  const { key, identity } = await loadPskSecurity(platform.credentials, configuration.security);
  const psk = new PskCredentials(key, identity);
  try {
    const context = await createContext(platform, settings);
    const { maxFragmentLength } = settings;
    // Not by a spread, which takes as long as all else in here.
    const engines = new PureClientFactory({
      provider: context.provider,
      random: context.random,
      onKeyLog: context.onKeyLog,
      date: context.date,
      suites: context.suites,
      recordPadding: context.recordPadding,
      returnRoutabilityCheck: context.returnRoutabilityCheck,
      legacyServers: context.legacyServers,
      psk,
      maxFragmentLength,
    });
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

/** See {@link Backend.decorateInPlace}. */
export async function decorateInPlace(
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

/** See {@link Backend.createDtlsListener}. */
export async function createDtlsListener(
  platform: Platform,
  configuration: DtlsListenerConfiguration,
): Promise<DtlsListener> {
  const { createUdpSocket, credentials } = platform;
  const settings: ListenerSettings = copyListenerConfiguration(configuration);
  const lookup = pskLookup(credentials, configuration.security);
  const context = await createContext(platform, settings);
  const crypto = sessionCrypto(context.provider, context.random);
  const engines = new PureServerFactory({
    ...context,
    clientOrder: !settings.preferServerCiphersuites,
    sessions: settings.resumption && new ServerSessions(crypto, context.date, settings.resumption),
    ...lookup,
  });
  return createDatagramListener({ engines, configuration: settings, createBackend: createUdpSocket });
}

async function createContext(
  platform: Platform,
  settings: TlsSettings | ListenerSettings,
): Promise<Context & { legacyServers: boolean }> {
  const { version } = settings;
  if (version !== undefined && version !== '1.2') {
    throw errnoError('ENOTSUP', `version ${version} is not supported: this backend speaks DTLS 1.2 and nothing else`);
  }
  const wanted = settings.ciphersuites.length > 0 ? settings.ciphersuites : capabilities.ciphersuites;
  const adjusted: PureSettings = { provider: platform.provider, ciphersuites: [...wanted], legacyServers: false };
  settings.additionalConfiguration?.(adjusted);
  const suites = adjusted.ciphersuites.flatMap((id) => ciphersuite(id) ?? []);
  if (suites.length === 0) throw errnoError('EINVAL', 'ciphersuites: none of them is supported in mode psk');
  if (adjusted.provider === platform.provider) await platform.prepare?.(suites);
  return {
    provider: adjusted.provider,
    random: settings.random ?? platform.random,
    onKeyLog: settings.onKeyLog,
    date: () => settings.clock.date?.() ?? Date.now(),
    suites,
    recordPadding: settings.connectionIds?.recordPadding,
    returnRoutabilityCheck: settings.connectionIds?.returnRoutabilityCheck,
    legacyServers: adjusted.legacyServers,
  };
}

function noTls(): Error {
  return errnoError('ENOTSUP', 'TLS over a stream is not supported by this backend yet; it speaks DTLS');
}
