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
];
