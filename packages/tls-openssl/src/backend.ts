import {
  type Backend,
  copyListenerConfiguration,
  copyTlsConfiguration,
  createDatagramListener,
  createSecureSocket,
  type DtlsListener,
  type DtlsListenerConfiguration,
  errnoError,
  libraryError,
  type SecureSocket,
  ServerSessions,
  type Socket,
  type TlsCommonSettings,
  type TlsConfiguration,
  type TlsVersion,
} from '@avs-net/core';
import { loadPskSecurity, pskLookup } from '@avs-net/crypto-creds';
import { loadPskIdentity, loadPskKey } from '@avs-net/crypto-creds/node';
import { capabilitiesOf } from './capabilities.js';
import { availableCiphersuites, type Ciphersuite } from './ciphersuites.js';
import type { EngineContext } from './engine.js';
import { OpensslClientFactory, OpensslServerFactory } from './engine-factories.js';
import { type ContextOptions, type Loaded, type Native, type NativeContext, WireVersion } from './native.js';
import { firstRandom, type Random, replenisher } from './random.js';
import { sessionCrypto } from './session-crypto.js';
import { type CreateUdpSocket, udpSocketsOf } from './udp.js';

/** The versions that OpenSSL speaks over datagrams, by TLS name. */
export type OpensslVersion = Exclude<TlsVersion, '1.3'>;

/** What `additionalConfiguration` is called with; what it changes is used. */
export interface OpensslSettings {
  /** As on the wire, in order of preference. */
  ciphersuites: number[];
  /**
   * A client's: connect also to servers without renegotiation_info (RFC 5746). Default false: the handshake fails with
   * handshake_failure, as RFC 9325 §3.5 asks.
   */
  legacyServers: boolean;
  /**
   * Default DTLS 1.2. '1.0' is for peers that do not find down from a newer version by themselves; `version` must allow it.
   */
  highestVersion: OpensslVersion;
  /** Of the OpenSSL in this process, such as `3.0.19`. */
  readonly opensslVersion: string;
}

const versions: readonly OpensslVersion[] = ['1.0', '1.1', '1.2'];

/** Codes of RFC 6066 §4. */
const fragmentLengthCodes = { 512: 1, 1024: 2, 2048: 3, 4096: 4 } as const;

const credentials = { loadPskKey, loadPskIdentity };

/** The backend over the addon, or over the reason why there is none; its sockets are on top of those that `createUdpSocket` makes. */
export function createBackend(loaded: Loaded, createUdpSocket: CreateUdpSocket = udpSocketsOf(loaded)): Backend {
  const native = loaded.error ? undefined : loaded.native;
  const required = (): Native => {
    if (loaded.error) throw loaded.error;
    return loaded.native;
  };
  return {
    name: 'openssl',
    capabilities: capabilitiesOf(native),
    createDtlsSocket: async (configuration) => createClient(required(), configuration, createUdpSocket),
    createTlsSocket: () => Promise.reject(noTls()),
    decorateInPlace: async (socket, configuration) => decorateInPlace(required(), socket, configuration),
    createDtlsListener: async (configuration) => createListener(required(), configuration, createUdpSocket),
  };
}

async function createClient(
  native: Native,
  configuration: TlsConfiguration,
  createBackendSocket: CreateUdpSocket | undefined,
): Promise<SecureSocket> {
  const settings = copyTlsConfiguration(configuration);
  const { maxFragmentLength } = settings;
  const psk = await loadPskSecurity(credentials, configuration.security);
  let shared: NativeContext;
  let context: CheckedContext;
  try {
    refuseZeroByte('security.identity', psk.identity);
    context = createContext(native, settings);
    const code = maxFragmentLength === undefined ? 0 : fragmentLengthCodes[maxFragmentLength];
    shared = makeContext(context, { server: false, ...psk, maxFragmentLength: code });
  } catch (error) {
    psk.key.fill(0);
    throw error;
  }
  const replenish = replenisher(shared, context.random);
  const crypto = sessionCrypto(context.random);
  const engines = new OpensslClientFactory({ ...context, replenish, psk, maxFragmentLength, crypto }, shared);
  try {
    return await createSecureSocket({
      type: 'dtls',
      engines,
      configuration: settings,
      createBackend: createBackendSocket,
    });
  } catch (error) {
    engines.destroy();
    throw error;
  }
}

async function decorateInPlace(native: Native, socket: Socket, configuration: TlsConfiguration): Promise<SecureSocket> {
  if (socket.type === 'tcp' || socket.type === 'tls') throw noTls();
  const decorator = await createClient(native, configuration, undefined);
  try {
    await decorator.decorate(socket);
    return decorator;
  } catch (error) {
    await decorator.cleanup();
    throw error;
  }
}

async function createListener(
  native: Native,
  configuration: DtlsListenerConfiguration,
  createUdpSocket: CreateUdpSocket,
): Promise<DtlsListener> {
  const settings = copyListenerConfiguration(configuration);
  const { resolve, identityHint } = pskLookup(credentials, configuration.security);
  if (identityHint) refuseZeroByte('security.identityHint', identityHint);
  const context = createContext(native, settings);
  const { resumption } = settings;
  const sessions = resumption && new ServerSessions(sessionCrypto(context.random), context.date, resumption);
  const clientOrder = !settings.preferServerCiphersuites;
  // RFC 5077 §3.3: in seconds, and 0 says nothing.
  const sessionLifetime = Math.floor((sessions?.lifetime ?? 0) / 1_000);
  const shared = makeContext(context, { server: true, identityHint, clientOrder, sessionLifetime });
  const replenish = replenisher(shared, context.random);
  const engines = new OpensslServerFactory({ ...context, replenish, resolve, sessions }, shared);
  return createDatagramListener({ engines, configuration: settings, createBackend: createUdpSocket });
}

/** What the settings come down to. */
interface CheckedContext extends EngineContext {
  readonly random: Random | undefined;
  readonly legacyServers: boolean;
  /** The lowest that is allowed. */
  readonly version: OpensslVersion;
  readonly highestVersion: OpensslVersion;
  /** Milliseconds since 1970. */
  readonly date: () => number;
}

/** DTLS 1.0 answers to 1.0 and 1.1. */
function wireVersion(version: OpensslVersion): number {
  return version === '1.2' ? WireVersion.dtls12 : WireVersion.dtls10;
}

function createContext(native: Native, settings: TlsCommonSettings): CheckedContext {
  const { version = '1.2' } = settings;
  if (version === '1.3') {
    throw errnoError(
      'ENOTSUP',
      'version 1.3 is not supported: this backend speaks DTLS 1.2, and 1.0 where it is asked for',
    );
  }
  const available = availableCiphersuites(native.ciphersuites, version !== '1.2');
  const wanted = settings.ciphersuites.length > 0 ? settings.ciphersuites : available.map(({ number }) => number);
  const adjusted: OpensslSettings = {
    ciphersuites: [...wanted],
    legacyServers: false,
    highestVersion: '1.2',
    opensslVersion: native.version,
  };
  settings.additionalConfiguration?.(adjusted);
  const suites = adjusted.ciphersuites.flatMap((wanted) => available.find(({ number }) => number === wanted) ?? []);
  if (suites.length === 0) {
    throw errnoError('EINVAL', `ciphersuites: none of them is supported in mode psk by OpenSSL ${native.version}`);
  }
  const { legacyServers, highestVersion } = adjusted;
  if (!versions.includes(highestVersion)) {
    throw errnoError('EINVAL', "additionalConfiguration: highestVersion must be '1.0', '1.1' or '1.2'");
  }
  if (highestVersion !== '1.2' && version === '1.2') {
    throw errnoError(
      'EINVAL',
      `additionalConfiguration: highestVersion ${highestVersion} is below the lowest, ${version}`,
    );
  }
  const { onKeyLog, random, clock } = settings;
  const date = (): number => clock.date?.() ?? Date.now();
  return { native, suites, onKeyLog, random, legacyServers, version, highestVersion, date };
}

function makeContext(
  { native, suites, onKeyLog, random: source, legacyServers, version, highestVersion }: CheckedContext,
  options: Omit<
    ContextOptions,
    'ciphersuites' | 'keyLog' | 'legacyServers' | 'random' | 'lowestVersion' | 'highestVersion'
  >,
): NativeContext {
  const ciphersuites = suites.map(({ opensslName }: Ciphersuite) => opensslName).join(':');
  const random = firstRandom(native, source);
  try {
    return new native.Context({
      ...options,
      ciphersuites,
      keyLog: onKeyLog !== undefined,
      legacyServers,
      random,
      lowestVersion: wireVersion(version),
      highestVersion: wireVersion(highestVersion),
    });
  } catch (error) {
    const { message, code } = error as Error & { code?: unknown };
    throw libraryError(typeof code === 'number' ? code : 0, `OpenSSL refuses the configuration: ${message}`);
  } finally {
    random?.fill(0);
  }
}

function refuseZeroByte(name: string, bytes: Uint8Array): void {
  if (bytes.includes(0)) {
    throw errnoError('EINVAL', `${name} holds a zero byte, which OpenSSL cannot carry; @avs-net/tls-pure can`);
  }
}

function noTls(): Error {
  return errnoError('ENOTSUP', 'TLS over a stream is not supported by this backend yet; it speaks DTLS');
}
