import type { Gap } from '../../src/peer.js';

export const gaps: readonly Gap[] = [
  {
    rows: [
      'TLS_ECDHE_PSK_WITH_AES_128_GCM_SHA256',
      'TLS_ECDHE_PSK_WITH_AES_128_CCM_8_SHA256',
      'TLS_PSK_WITH_AES_256_GCM_SHA384',
      'TLS_PSK_WITH_AES_256_CCM',
    ],
    kind: 'lacks',
    reason: 'pion/dtls does not have this suite',
  },
  {
    rows: [
      'max_fragment_length of 512 bytes, asked for by us',
      'max_fragment_length of 512 bytes, asked for by the peer',
    ],
    kind: 'lacks',
    reason: 'pion/dtls does not have the extension',
  },
  {
    rows: ['resumption by ticket'],
    kind: 'lacks',
    reason: 'pion/dtls has no session tickets',
  },
  {
    rows: ['an end to the resumption of a session whose extended master secret is left out'],
    kind: 'lacks',
    reason: 'a client of pion/dtls that is not to use the extended master secret does not offer a session that has it',
  },
  {
    rows: ['no suite in common: handshake_failure'],
    role: 'client',
    kind: 'fails',
    reason: 'pion/dtls answers with insufficient_security',
  },
  {
    rows: [
      'no version in common, the peer has DTLS 1.0 only: an alert',
      'no version in common, the peer has DTLS 1.0 only: protocol_version',
    ],
    kind: 'lacks',
    reason: 'pion/dtls has no DTLS 1.0',
  },
];
