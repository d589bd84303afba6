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
    backend: 'openssl',
    kind: 'fails',
    reason:
      'OpenSSL (DTLSv1_listen) keeps nothing for a client that has not shown a cookie, and drops a ClientHello that comes in pieces',
  },
  {
    rows: [
      'we send our messages in fragments of 160-byte packets',
      'we send our messages after ClientHello in fragments',
    ],
    role: 'client',
    backend: 'openssl',
    kind: 'fails',
    reason: 'OpenSSL’s ClientHello is the longest of its messages here, and Scandium drops one that comes in pieces',
  },
  {
    rows: ['resumption by ticket'],
    kind: 'lacks',
    reason: 'Scandium has no session tickets',
  },
  {
    rows: ['an end to the resumption of a session whose extended master secret is left out'],
    kind: 'lacks',
    reason: 'Scandium’s client offers a session that has the extended master secret with it, whatever it is set to',
  },
  {
    rows: [
      'no version in common, the peer has DTLS 1.0 only: an alert',
      'no version in common, the peer has DTLS 1.0 only: protocol_version',
    ],
    kind: 'lacks',
    reason: 'Scandium has no DTLS 1.0',
  },
  {
    rows: ['connection IDs, CBC with encrypt-then-MAC'],
    kind: 'lacks',
    reason: 'Scandium does not have encrypt-then-MAC',
  },
];
