import { connectionIdRows } from '../../src/connection-id-scenarios.js';
import type { Gap } from '../../src/peer.js';

export const gaps: readonly Gap[] = [
  {
    rows: ['TLS_ECDHE_PSK_WITH_AES_128_GCM_SHA256', 'TLS_ECDHE_PSK_WITH_AES_128_CCM_8_SHA256'],
    kind: 'lacks',
    reason: 'OpenSSL never implemented the suites of RFC 8442',
  },
  {
    rows: ['a server without cookies'],
    kind: 'lacks',
    reason: 's_server always asks for a cookie',
  },
  {
    rows: ['the peer closes'],
    role: 'client',
    kind: 'lacks',
    reason: 's_server closes its UDP socket before the association, so that no close_notify goes out',
  },
  { rows: connectionIdRows, kind: 'lacks', reason: 'OpenSSL has no connection IDs' },
];
