import { connectionIdRows } from '../../src/connection-id-scenarios.js';
import type { Gap } from '../../src/peer.js';

export const gaps: readonly Gap[] = [
  {
    rows: ['TLS_ECDHE_PSK_WITH_AES_128_GCM_SHA256', 'TLS_ECDHE_PSK_WITH_AES_128_CCM_8_SHA256'],
    kind: 'lacks',
    reason: 'Mbed TLS never implemented the suites of RFC 8442',
  },
  {
    rows: ['we send our messages in fragments of 160-byte packets'],
    role: 'client',
    backend: 'openssl',
    kind: 'fails',
    reason: 'OpenSSL’s ClientHello is longer than such a packet, and Mbed TLS takes no ClientHello in fragments',
  },
  {
    rows: connectionIdRows,
    kind: 'lacks',
    reason:
      'Debian builds Mbed TLS 2.28 without connection IDs; the ones in its sources are an early draft’s (extension 254), not RFC 9146’s (54)',
  },
];

/** Of Mbed TLS 3. */
export const gaps3: readonly Gap[] = [
  ...gaps.slice(0, 1),
  {
    rows: [
      'no version in common, the peer has DTLS 1.0 only: an alert',
      'no version in common, the peer has DTLS 1.0 only: protocol_version',
    ],
    kind: 'lacks',
    reason: 'Mbed TLS 3 has no DTLS 1.0',
  },
];
