import {
  type CertificateSecurity,
  type DtlsListenerConfiguration,
  errnoError,
  type PskClient,
  type PskSecurity,
  type PskServerSecurity,
  type TlsConfiguration,
} from '@avs-net/core';
import { pskIdentityLimits } from './limits.js';
import type { PskLoader } from './psk-loader.js';

/**
 * For backends: the key and the identity of a client's `security`, in bytes that are the backend's to wipe. Both are copied before
 * anything is waited for, so that the caller may wipe its own at once.
 * @throws ENOTSUP the mode is not psk; what the loader throws.
 */
export async function loadPskSecurity(
  loader: PskLoader,
  security: TlsConfiguration['security'],
): Promise<{ readonly key: Uint8Array; readonly identity: Uint8Array }> {
  const psk: PskSecurity = requirePsk(security);
  const [identity, key] = await Promise.allSettled([
    loader.loadPskIdentity(psk.identity, { name: 'security.identity' }),
    loader.loadPskKey(psk.key, { name: 'security.key' }),
  ]);
  if (key.status === 'rejected') throw key.reason;
  if (identity.status === 'rejected') {
    key.value.fill(0);
    throw identity.reason;
  }
  return { key: key.value, identity: identity.value };
}

/** What a listener's `security` comes down to. */
export interface PskLookup {
  /** A copy; undefined when there is none. RFC 4279 §5.2 */
  readonly identityHint: Uint8Array | undefined;
  /** The key of an identity, the backend's to wipe; undefined when nobody knows the identity. Rejects as the owner's `resolve` does. */
  resolve(identity: Uint8Array, client: PskClient): Promise<Uint8Array | undefined>;
}

/**
 * For backends: a listener's `security` as it is now, whatever its owner makes of the object later.
 * @throws ENOTSUP the mode is not psk; TypeError, EINVAL naming the field.
 */
export function pskLookup(loader: PskLoader, security: DtlsListenerConfiguration['security']): PskLookup {
  const psk: PskServerSecurity = requirePsk(security);
  if (typeof psk.resolve !== 'function') throw new TypeError('security.resolve must be a function');
  const find = psk.resolve.bind(psk);
  return {
    identityHint: copyIdentityHint(psk.identityHint),
    resolve: async (identity, client) => {
      const key = await find(identity, client);
      return key && loader.loadPskKey(key, { name: 'what security.resolve gave' });
    },
  };
}

function requirePsk<T extends { readonly mode: 'psk' }>(security: T | CertificateSecurity): T {
  if (security.mode === 'certificate') {
    throw errnoError('ENOTSUP', 'security.mode certificate is not supported by this backend yet; use psk');
  }
  return security;
}

/** RFC 4279 §5.2: UTF-8; its length has no limit of its own there, so it gets the identity's. */
function copyIdentityHint(hint: string | Uint8Array | undefined): Uint8Array | undefined {
  if (hint === undefined) return undefined;
  if (typeof hint !== 'string' && !(hint instanceof Uint8Array)) {
    throw new TypeError('security.identityHint must be a string or a Uint8Array');
  }
  const bytes = typeof hint === 'string' ? new TextEncoder().encode(hint) : Uint8Array.from(hint);
  const { max } = pskIdentityLimits;
  if (bytes.length > max) {
    throw errnoError('EINVAL', `security.identityHint has ${bytes.length} bytes, at most ${max} are allowed`);
  }
  return bytes;
}
