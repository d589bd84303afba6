import type { DtlsListenerConfiguration, TlsConfiguration } from '@avs-net/core';
import { pskIdentityInfoFromBuffer, pskKeyInfoFromBuffer } from '@avs-net/crypto-creds';

/** The key of every client; native/psk.c has the same. */
export const key = Uint8Array.from({ length: 16 }, (_, i) => 0xb0 + i);

/** The identity of every client. */
export const identity = new TextEncoder().encode('urn:dev:bench');

/** The suite of all that goes over sockets. */
export const socketSuite = 'TLS_PSK_WITH_AES_128_CCM_8';

/** A client's `security`. */
export const clientSecurity: TlsConfiguration['security'] = {
  mode: 'psk',
  key: pskKeyInfoFromBuffer(key),
  identity: pskIdentityInfoFromBuffer(identity),
};

/** A listener's `security`. */
export const serverSecurity: DtlsListenerConfiguration['security'] = {
  mode: 'psk',
  resolve: () => pskKeyInfoFromBuffer(key),
};
