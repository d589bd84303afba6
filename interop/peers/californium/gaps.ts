import type { Gap } from '../../src/peer.js';

export const gaps: readonly Gap[] = [
  {
    rows: ['TLS_PSK_WITH_CHACHA20_POLY1305_SHA256', 'TLS_ECDHE_PSK_WITH_CHACHA20_POLY1305_SHA256'],
    kind: 'lacks',
    reason: 'Scandium 3 has no ChaCha20-Poly1305',
  },
  {
    rows: ['the peer sends its messages in fragments'],
    kind: 'lacks',
    reason:
      'Scandium’s server sends no identity hint, so that none of its messages is that long; they are cut by 140-byte packets below',
  },
  {
    rows: ['we send our ClientHello in fragments'],
    kind: 'fails',
    reason:
      'Scandium keeps nothing for a client that has not shown a cookie, and drops a ClientHello that comes in pieces',
  },
  {
    rows: ['the peer sends its ClientHello in fragments'],
    kind: 'fails',
    reason:
      'our listener keeps nothing for a client that has not shown a cookie, and drops a ClientHello that comes in pieces',
  },
];
