import type { DtlsListenerConfiguration, TlsConfiguration } from '@avs-net/core';
import { pskIdentityInfoFromBuffer, pskKeyInfoFromBuffer } from '@avs-net/crypto-creds';

const key = Uint8Array.from({ length: 16 }, (_, i) => 0xa0 + i);
const encoder = new TextEncoder();

/** A client's `security` with the key that every server of the campaign knows. */
export function clientSecurity(identity: string): TlsConfiguration['security'] {
  return {
    mode: 'psk',
    identity: pskIdentityInfoFromBuffer(encoder.encode(identity)),
    key: pskKeyInfoFromBuffer(key),
  };
}

/** A listener's `security`: one key for every identity. */
export const serverSecurity: DtlsListenerConfiguration['security'] = {
  mode: 'psk',
  resolve: () => pskKeyInfoFromBuffer(key),
};

/** TLS_PSK_WITH_AES_128_CCM_8, which every LwM2M device has. RFC 6655. */
export const lightCiphersuite = 0xc0a8;
