import type { Gap } from '../../src/peer.js';

const crash =
  'gnutls-cli 3.7 crashes right after an ECDHE_PSK handshake, with GnuTLS’ own server too; the handshake itself completes';

export const gaps: readonly Gap[] = [
  {
    rows: ['TLS_ECDHE_PSK_WITH_AES_128_GCM_SHA256', 'TLS_ECDHE_PSK_WITH_AES_128_CCM_8_SHA256'],
    kind: 'lacks',
    reason: 'GnuTLS never implemented the suites of RFC 8442',
  },
  {
    rows: [
      'TLS_ECDHE_PSK_WITH_CHACHA20_POLY1305_SHA256',
      'TLS_ECDHE_PSK_WITH_AES_128_CBC_SHA256',
      'we send our messages in fragments of 160-byte packets',
    ],
    role: 'server',
    kind: 'fails',
    reason: crash,
  },
  {
    rows: ['max_fragment_length of 512 bytes, asked for by the peer'],
    kind: 'lacks',
    reason: 'gnutls-cli has no option for it',
  },
  {
    rows: ['the peer closes'],
    role: 'client',
    kind: 'lacks',
    reason: 'gnutls-serv over UDP serves one client after the other, and has no command to end an association',
  },
  {
    rows: ['we close'],
    role: 'client',
    kind: 'lacks',
    reason: 'gnutls-serv prints nothing when an association ends',
  },
];
