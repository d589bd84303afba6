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
];
