import type { DtlsListenerConfiguration, PskServerSecurity, TlsConfiguration } from '@avs-net/core';
import { pskIdentityInfoFromBuffer, pskKeyInfoFromBuffer } from '@avs-net/crypto-creds';

/** The key that both sides have, in hexadecimal. */
export const keyHex = '101112131415161718191a1b1c1d1e1f';

/** The client's identity. */
export const identity = 'urn:dev:interop';

/** A key that the other side does not have. */
export const wrongKey = pskKeyInfoFromBuffer(Buffer.alloc(16, 1));

const key = pskKeyInfoFromBuffer(Buffer.from(keyHex, 'hex'));

/** What our client is given: one suite, or all when it is undefined. */
export function clientConfiguration(suite?: number, more: Partial<TlsConfiguration> = {}): TlsConfiguration {
  return {
    security: { mode: 'psk', key, identity: pskIdentityInfoFromBuffer(identity) },
    ...(suite !== undefined && { ciphersuites: [suite] }),
    ...more,
  };
}

/** Whom our listener knows. */
export const listenerSecurity: PskServerSecurity = {
  mode: 'psk',
  resolve: (id) => (Buffer.from(id).toString() === identity ? key : undefined),
};

/** What our listener is given: one suite, or all when it is undefined. */
export function listenerConfiguration(
  suite?: number,
  more: Partial<DtlsListenerConfiguration> = {},
): DtlsListenerConfiguration {
  return {
    security: listenerSecurity,
    ...(suite !== undefined && { ciphersuites: [suite] }),
    ...more,
  };
}
