import {
  type Backend,
  type CertificateSecurity,
  copyListenerConfiguration,
  copyTlsConfiguration,
  createDatagramListener,
  createSecureSocket,
  type DtlsListener,
  type DtlsListenerConfiguration,
  errnoError,
  libraryError,
  type PskSecurity,
  type PskServerSecurity,
  type SecureSocket,
  type Socket,
  type TlsCommonSettings,
  type TlsConfiguration,
} from '@avs-net/core';
import { createUdpSocket } from '@avs-net/core/node';
import { pskIdentityLimits } from '@avs-net/crypto-creds';
import { loadPskIdentity, loadPskKey } from '@avs-net/crypto-creds/node';
import { capabilitiesOf } from './capabilities.js';
import { availableCiphersuites, type Ciphersuite } from './ciphersuites.js';
import type { EngineContext } from './engine.js';
import { OpensslClientFactory, OpensslServerFactory } from './engine-factories.js';
import type { Loaded, Native, NativeContext } from './native.js';

/** What `additionalConfiguration` is called with; what it changes is used. */
export interface OpensslSettings {
  /** As on the wire, in order of preference. */
  ciphersuites: number[];
  /**
   * A client's: connect also to servers without renegotiation_info (RFC 5746). Default false: the handshake fails with
   * handshake_failure, as RFC 9325 §3.5 asks.
   */
  legacyServers: boolean;
  /** Of the OpenSSL in this process, such as `3.0.19`. */
  readonly opensslVersion: string;
}

/** Codes of RFC 6066 §4. */
const fragmentLengthCodes = { 512: 1, 1024: 2, 2048: 3, 4096: 4 } as const;

const nothing = new Uint8Array(0);

/** The backend over the addon, or over the reason why there is none. */
export function createBackend(loaded: Loaded): Backend {
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
    createDtlsListener: async (configuration) => createListener(required(), configuration),
  };
}

async function createClient(
  native: Native,
  configuration: TlsConfiguration,
  createBackendSocket: typeof createUdpSocket | undefined,
): Promise<SecureSocket> {
  const settings = copyTlsConfiguration(configuration);
  const { key, identity } = await loadPsk(requirePsk(configuration.security));
  let shared: NativeContext;
  let context: CheckedContext;
  try {
    refuseZeroByte('security.identity', identity);
    context = createContext(native, settings);
    const code = settings.maxFragmentLength === undefined ? 0 : fragmentLengthCodes[settings.maxFragmentLength];
    shared = makeContext(context, false, identity, key, nothing, code);
  } finally {
    key.fill(0);
    identity.fill(0);
  }
  const engines = new OpensslClientFactory(context, shared);
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

async function loadPsk(security: PskSecurity): Promise<{ readonly key: Uint8Array; readonly identity: Uint8Array }> {
  // Both are copied before anything is waited for, so that the caller may wipe its own at once.
  const [identity, key] = await Promise.allSettled([
    loadPskIdentity(security.identity, { name: 'security.identity' }),
    loadPskKey(security.key, { name: 'security.key' }),
  ]);
  if (key.status === 'rejected') throw key.reason;
  if (identity.status === 'rejected') {
    key.value.fill(0);
    throw identity.reason;
  }
  return { key: key.value, identity: identity.value };
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

async function createListener(native: Native, configuration: DtlsListenerConfiguration): Promise<DtlsListener> {
  const settings = copyListenerConfiguration(configuration);
  const security = requirePskServer(configuration.security);
  const hint = copyIdentityHint(security.identityHint);
  const context = createContext(native, settings);
  const shared = makeContext(context, true, nothing, nothing, hint, 0);
  const find = security.resolve.bind(security);
  const resolve = async (identity: Uint8Array): Promise<Uint8Array | undefined> => {
    const key = await find(identity);
    return key && loadPskKey(key, { name: 'what security.resolve gave' });
  };
  const engines = new OpensslServerFactory({ ...context, resolve }, shared);
  return createDatagramListener({ engines, configuration: settings, createBackend: createUdpSocket });
}

/** What the settings come down to. */
interface CheckedContext extends EngineContext {
  readonly legacyServers: boolean;
}

function createContext(native: Native, settings: TlsCommonSettings): CheckedContext {
  // It is the lowest version allowed: DTLS 1.2 satisfies whatever asks for less.
  if (settings.version === '1.3') {
    throw errnoError('ENOTSUP', `version ${settings.version} is not supported: this backend speaks DTLS 1.2`);
  }
  if (settings.random) {
    throw errnoError(
      'ENOTSUP',
      'random is not supported by this backend: OpenSSL has one generator for the whole process',
    );
  }
  const available = availableCiphersuites(native.ciphersuites);
  const wanted = settings.ciphersuites.length > 0 ? settings.ciphersuites : available.map(({ number }) => number);
  const adjusted: OpensslSettings = {
    ciphersuites: [...wanted],
    legacyServers: false,
    opensslVersion: native.version,
  };
  settings.additionalConfiguration?.(adjusted);
  const suites = adjusted.ciphersuites.flatMap((wanted) => available.find(({ number }) => number === wanted) ?? []);
  if (suites.length === 0) {
    throw errnoError('EINVAL', `ciphersuites: none of them is supported in mode psk by OpenSSL ${native.version}`);
  }
  return { native, suites, onKeyLog: settings.onKeyLog, legacyServers: adjusted.legacyServers };
}

function makeContext(
  { native, suites, onKeyLog, legacyServers }: CheckedContext,
  server: boolean,
  identity: Uint8Array,
  key: Uint8Array,
  hint: Uint8Array,
  maxFragmentLength: number,
): NativeContext {
  const names = suites.map(({ opensslName }: Ciphersuite) => opensslName).join(':');
  try {
    const keyLog = onKeyLog !== undefined;
    return new native.Context(server, names, keyLog, identity, key, hint, maxFragmentLength, legacyServers);
  } catch (error) {
    const { message, code } = error as Error & { code?: unknown };
    throw libraryError(typeof code === 'number' ? code : 0, `OpenSSL refuses the configuration: ${message}`);
  }
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

function refuseZeroByte(name: string, bytes: Uint8Array): void {
  if (bytes.includes(0)) {
    throw errnoError('EINVAL', `${name} holds a zero byte, which OpenSSL cannot carry; @avs-net/tls-pure can`);
  }
}

function copyIdentityHint(hint: string | Uint8Array | undefined): Uint8Array {
  if (hint === undefined) return nothing;
  if (typeof hint !== 'string' && !(hint instanceof Uint8Array)) {
    throw new TypeError('security.identityHint must be a string or a Uint8Array');
  }
  const bytes = typeof hint === 'string' ? new TextEncoder().encode(hint) : hint.slice();
  const { max } = pskIdentityLimits;
  if (bytes.length > max) {
    throw errnoError('EINVAL', `security.identityHint has ${bytes.length} bytes, at most ${max} are allowed`);
  }
  refuseZeroByte('security.identityHint', bytes);
  return bytes;
}

function noTls(): Error {
  return errnoError('ENOTSUP', 'TLS over a stream is not supported by this backend yet; it speaks DTLS');
}
