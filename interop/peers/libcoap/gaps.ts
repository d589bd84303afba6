import type { Gap } from '../../src/peer.js';

const tokens: Gap = {
  rows: ['block-wise, up'],
  role: 'server',
  kind: 'fails',
  reason:
    'node-coap knows the blocks of one body by their token, which RFC 7959 does not ask for; libcoap gives each block its own',
};

/** By the TLS library that libcoap is built on. */
export const gaps: Readonly<Record<'openssl' | 'gnutls', readonly Gap[]>> = {
  openssl: [
    {
      rows: ['TLS_ECDHE_PSK_WITH_AES_128_GCM_SHA256', 'TLS_ECDHE_PSK_WITH_AES_128_CCM_8_SHA256'],
      kind: 'lacks',
      reason: 'OpenSSL never implemented the suites of RFC 8442',
    },
    {
      rows: ['TLS_ECDHE_PSK_WITH_AES_128_CBC_SHA256', 'TLS_PSK_WITH_AES_128_CBC_SHA256'],
      role: 'client',
      kind: 'lacks',
      reason: 'coap-server takes the suites that OpenSSL calls TLSv1.2, and those with CBC are older by its count',
    },
    tokens,
  ],
  gnutls: [
    {
      rows: ['TLS_ECDHE_PSK_WITH_AES_128_GCM_SHA256', 'TLS_ECDHE_PSK_WITH_AES_128_CCM_8_SHA256'],
      kind: 'lacks',
      reason: 'GnuTLS never implemented the suites of RFC 8442',
    },
    {
      rows: ['TLS_PSK_WITH_AES_256_CCM_8'],
      kind: 'lacks',
      reason: 'libcoap enables only AES_128_CCM_8 of the suites with short tags',
    },
    tokens,
  ],
};
