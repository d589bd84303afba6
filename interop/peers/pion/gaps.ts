import type { Gap } from '../../src/peer.js';

const countedTwice = {
  kind: 'fails',
  reason: 'pion/dtls takes the content of a CBC record with a connection ID into its MAC twice (RFC 9146 §5.1: once)',
} as const;

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
  {
    rows: ['connection IDs, CBC with encrypt-then-MAC'],
    kind: 'lacks',
    reason: 'pion/dtls does not have encrypt-then-MAC',
  },
  {
    rows: ['TLS_ECDHE_PSK_WITH_AES_128_CBC_SHA256', 'TLS_PSK_WITH_AES_128_CBC_SHA256'],
    connectionIds: true,
    ...countedTwice,
  },
  { rows: ['connection IDs, CBC without encrypt-then-MAC'], ...countedTwice },
  {
    rows: ['connection IDs, and resumption by session ID'],
    role: 'client',
    kind: 'fails',
    reason: 'pion/dtls leaves connection_id out of a ServerHello that resumes a session, so that there are none then',
  },
  {
    rows: ['connection IDs, and resumption by session ID'],
    role: 'server',
    kind: 'fails',
    reason: 'a client of pion/dtls that resumes a session sends its Finished without our connection ID',
  },
];
