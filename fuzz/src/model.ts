// What an engine may do, and when. The oracle checks every step of every case against these tables.

/** Which side of the association an engine is. */
export type Role = 'client' | 'server';

/** Where an engine is in its life, as seen from outside. */
export type State = 'handshaking' | 'established' | 'closing' | 'closed' | 'destroyed';

/** What an engine does. */
export type Event =
  | 'transmit handshake'
  | 'transmit change_cipher_spec'
  | 'transmit alert'
  | 'transmit data'
  | 'transmit check'
  | 'deliver'
  | 'established'
  | 'resumed'
  | 'alert sent'
  | 'alert received'
  | 'closed'
  | 'dropped'
  | 'retransmitted'
  | 'newest'
  | 'routability check'
  | 'wake'
  | 'session';

/** The state after an event, for each state in which it may happen. An event that is not there must not happen. */
export const transitions: Readonly<Record<State, Partial<Record<Event, State>>>> = {
  handshaking: {
    'transmit handshake': 'handshaking',
    'transmit change_cipher_spec': 'handshaking',
    'transmit alert': 'handshaking',
    established: 'established',
    'alert sent': 'handshaking',
    'alert received': 'handshaking',
    closed: 'closed',
    dropped: 'handshaking',
    retransmitted: 'handshaking',
    wake: 'handshaking',
    session: 'handshaking',
  },
  established: {
    // The last flight again. RFC 6347 §4.2.4.
    'transmit handshake': 'established',
    'transmit change_cipher_spec': 'established',
    'transmit alert': 'established',
    'transmit data': 'established',
    deliver: 'established',
    'alert sent': 'established',
    'alert received': 'established',
    closed: 'closed',
    dropped: 'established',
    retransmitted: 'established',
    // With connection IDs: RFC 9146 §6, RFC 9853, and an engine that goes on where another one was.
    newest: 'established',
    'routability check': 'established',
    'transmit check': 'established',
    resumed: 'established',
  },
  // After our close_notify: what arrives is still delivered, nothing but the last flight is sent.
  closing: {
    'transmit handshake': 'closing',
    'transmit change_cipher_spec': 'closing',
    'transmit alert': 'closing',
    deliver: 'closing',
    'alert sent': 'closing',
    'alert received': 'closing',
    closed: 'closed',
    dropped: 'closing',
    retransmitted: 'closing',
    newest: 'closing',
    'routability check': 'closing',
  },
  closed: {},
  destroyed: {},
};

/** What has to be delivered to an engine, or done by it, before it may do something. */
export type Proof =
  /** A handshake message of this type, or a fragment of one, was delivered. */
  | { readonly delivered: number }
  /** This engine has sent a handshake message of this type. */
  | { readonly sent: number }
  /** This engine has sent none of this type. */
  | { readonly unsent: number }
  /** The client was given a session to offer; the server can find it, and it is good. */
  | 'session'
  /** This engine has sent a ChangeCipherSpec. */
  | 'change_cipher_spec sent'
  /** A ChangeCipherSpec was delivered. */
  | 'change_cipher_spec delivered'
  /** The Finished that the real peer made over the real handshake was delivered, authentic and whole. */
  | 'finished delivered'
  /** A ClientHello was delivered with a cookie that was made for its sender. */
  | 'cookie delivered';

/** All that is needed, in a full handshake or, after that, in an abbreviated one. */
export type Proofs = readonly (readonly Proof[])[];

const peerIsDone = ['change_cipher_spec delivered', 'finished delivered'] as const;

/** Proofs for sending a handshake message, by its type. A message that is not there must not be sent. */
export const messageProofs: Readonly<Record<Role, Readonly<Partial<Record<number, Proofs>>>>> = {
  client: {
    1: [[]],
    16: [[{ delivered: 2 }, { delivered: 14 }]],
    20: [
      ['change_cipher_spec sent', { sent: 16 }],
      ['change_cipher_spec sent', 'session', { unsent: 16 }, ...peerIsDone],
    ],
  },
  server: {
    2: [[{ delivered: 1 }, 'cookie delivered']],
    4: [[{ sent: 14 }, { delivered: 16 }, ...peerIsDone]],
    12: [[{ sent: 2 }]],
    14: [[{ sent: 2 }]],
    20: [
      ['change_cipher_spec sent', { sent: 14 }, 'finished delivered'],
      ['change_cipher_spec sent', 'session', { unsent: 14 }],
    ],
  },
};

/** Proofs for sending a ChangeCipherSpec. */
export const changeCipherSpecProofs: Readonly<Record<Role, Proofs>> = {
  client: [
    [{ sent: 16 }, { delivered: 2 }, { delivered: 14 }],
    ['session', { unsent: 16 }, { delivered: 2 }, ...peerIsDone],
  ],
  server: [
    [{ sent: 14 }, { delivered: 16 }, ...peerIsDone],
    ['session', { unsent: 14 }, { sent: 2 }],
  ],
};

/** Proofs for `established`. */
export const establishedProofs: Proofs = [[{ sent: 20 }, ...peerIsDone]];

/** Proofs for handing out a session: it is the client that keeps one. */
export const sessionProofs: Readonly<Record<Role, Proofs>> = { client: [peerIsDone], server: [] };

/** The message that only a full handshake has. */
export const fullHandshakeMessage: Readonly<Record<Role, number>> = { client: 16, server: 14 };

/** How often a client starts over because of another cookie: a server's secret may change, not for ever. */
export const mostCookieRounds = 4;

/** Bytes of records that came early, and that one datagram may release. */
const mostKept = 2 * 16_384;

/** The largest number of events that one datagram may cause: some for each fragment that fits in it and in what it releases. */
export function mostEvents(datagramLength: number): number {
  return 200 + Math.ceil((datagramLength + mostKept) / 12);
}

/** Datagrams of one side in a whole case: a few flights, and again a flight for each half of the shortest wait. */
export function mostDatagrams(inputs: number, elapsed: number, shortestWait: number): number {
  return 60 + inputs + 30 * Math.ceil(elapsed / (shortestWait / 2));
}
