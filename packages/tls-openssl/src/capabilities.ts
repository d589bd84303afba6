import type { BackendCapabilities } from '@avs-net/core';
import { pskIdentityLimits, pskKeyLimits } from '@avs-net/crypto-creds';
import { availableCiphersuites } from './ciphersuites.js';
import type { Native } from './native.js';

/** What this backend has with the OpenSSL at hand; without the addon it has nothing. */
export function capabilitiesOf(native: Native | undefined): BackendCapabilities {
  return {
    dtlsVersions: native ? ['1.0', '1.1', '1.2'] : [],
    tlsVersions: [],
    modes: native ? ['psk'] : [],
    ciphersuites: native ? availableCiphersuites(native.ciphersuites).map(({ number }) => number) : [],
    server: native !== undefined,
    sessionResumption: native !== undefined,
    connectionId: false,
    extendedMasterSecret: native !== undefined,
    // OpenSSL would end an association over one forged record: native/context.cc.
    encryptThenMac: false,
    maxFragmentLength: native !== undefined,
    dane: false,
    // SSL_write of nothing writes nothing, and from 3.2 on SSL_read passes over a record without data.
    emptyDatagrams: false,
    // OpenSSL's callbacks pass an identity as a C string.
    pskIdentityZeroByte: false,
    maxPskKeyLength: pskKeyLimits.max,
    maxPskIdentityLength: pskIdentityLimits.max,
  };
}
