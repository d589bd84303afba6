import { connectionIdRows } from '../../src/connection-id-scenarios.js';
import type { Gap } from '../../src/peer.js';

export const gaps: readonly Gap[] = [
  {
    rows: ['TLS_ECDHE_PSK_WITH_AES_128_GCM_SHA256', 'TLS_ECDHE_PSK_WITH_AES_128_CCM_8_SHA256'],
    kind: 'lacks',
    reason: 'GnuTLS never implemented the suites of RFC 8442',
  },
  { rows: connectionIdRows, kind: 'lacks', reason: 'GnuTLS has no connection IDs' },
];
