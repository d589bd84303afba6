import type { Clock } from './clock.js';
import type {
  CertificateChainInfo,
  CertRevocationListInfo,
  PrivateKeyInfo,
  PskIdentityInfo,
  PskKeyInfo,
} from './credentials.js';
import type { HandshakeTimeouts } from './options.js';

/** A host and a port. */
export interface Endpoint {
  host: string;
  port: number;
}

/**
 * Configuration of a plain socket. What the platform cannot set is refused with ENOTSUP when the socket is created.
 *
 * avs: `avs_net_socket_configuration_t`.
 */
export interface SocketConfiguration {
  /** Differentiated services code point, 0 to 63. avs: `dscp`. */
  readonly dscp?: number | undefined;
  /** Queueing priority, 0 to 7. avs: `priority`. */
  readonly priority?: number | undefined;
  /** Lets another socket bind to the same address. avs: `reuse_addr`. */
  readonly reuseAddress?: boolean | undefined;
  /**
   * Shares the port with the sockets of other processes that ask for it as well: the system spreads what comes by the sender's address and port.
   * Node has it from 22.12 and 23.1 on, on Linux and some others (SO_REUSEPORT). Ours.
   */
  readonly reusePort?: boolean | undefined;
  /** Binding to addresses that are not ours. avs: `transparent`. */
  readonly transparent?: boolean | undefined;
  /** The network interface to use. avs: `interface_name`. */
  readonly interfaceName?: string | undefined;
  /**
   * Host affinity: tried first when the name resolves to it; written after each connect, on a socket below a secure one after its
   * handshake. The caller's object. avs: `preferred_endpoint`.
   */
  readonly preferredEndpoint?: Partial<Endpoint> | undefined;
  /** 0 any, 4 or 6 only. avs: `address_family`. */
  readonly addressFamily?: 0 | 4 | 6 | undefined;
  /** 0 none, 4 or 6 first. avs: `preferred_family`. */
  readonly preferredFamily?: 0 | 4 | 6 | undefined;
  /** What the option `mtu` reports, in bytes. avs: `forced_mtu`. */
  readonly forcedMtu?: number | undefined;
  /** Where time comes from. Default: the platform's. Ours, for tests. */
  readonly clock?: Clock | undefined;
}

/** A protocol version by its TLS name: DTLS 1.2 is `'1.2'`, DTLS 1.0 answers to `'1.0'` and `'1.1'`. avs: `avs_net_ssl_version_t`. */
export type TlsVersion = '1.0' | '1.1' | '1.2' | '1.3';

/** Pre-shared keys, the client's side. avs: `avs_net_psk_info_t`. */
export interface PskSecurity {
  readonly mode: 'psk';
  /** 1 to 256 bytes. */
  readonly key: PskKeyInfo;
  /** 0 to 128 bytes. */
  readonly identity: PskIdentityInfo;
}

/** What a client has said of itself before its key is looked up, besides its identity. None of it is proven. */
export interface PskClient {
  /** The name that it has asked for, as it wrote it: printable ASCII, in any case. Undefined when it named none. RFC 6066 §3. */
  readonly serverName: string | undefined;
}

/** Pre-shared keys, the server's side. */
export interface PskServerSecurity {
  readonly mode: 'psk';
  /**
   * Finds the key of a client by the identity that it sent (not yet proven), and by the server name if there are several servers in one.
   * Undefined, a rejection or a throw refuses the client, and on the wire that looks like a wrong key (RFC 4279 §2). The handshake waits for a
   * promise without holding up others. A session is resumed only if its identity still has the same key under the same name.
   */
  resolve(identity: Uint8Array, client: PskClient): PskKeyInfo | undefined | Promise<PskKeyInfo | undefined>;
  /** Sent to clients before they choose an identity, at most 128 bytes. RFC 4279 §2, §5.2. */
  readonly identityHint?: string | Uint8Array | undefined;
}

/** Certificates. No backend has them yet: creating a socket with this is ENOTSUP. avs: `avs_net_certificate_info_t`. */
export interface CertificateSecurity {
  readonly mode: 'certificate';
  readonly trustedCertificates?: CertificateChainInfo | undefined;
  readonly revocationLists?: CertRevocationListInfo | undefined;
  readonly clientCertificate?: CertificateChainInfo | undefined;
  readonly clientKey?: PrivateKeyInfo | undefined;
}

/** The connection IDs that a socket gives to its peer, which puts them in its records. RFC 9146 §3. */
export interface ConnectionIdConfiguration {
  /**
   * Bytes of each, 0 to 255. Default: 8 on a listener, enough for random ones not to meet. On a client socket 0, for it is found by its
   * port: with a length the server's records have one as well, which hides their type and lets them be padded, for so many bytes more.
   */
  readonly length?: number | undefined;
  /**
   * Is given `length` random bytes and may change them, so that they begin with the number of a process, for instance. Asked again
   * when they are in use already. What they say is plain to see for everybody on the path.
   */
  readonly generate?: ((connectionId: Uint8Array) => void) | undefined;
  /**
   * Pads what is sent with a connection ID of the peer's to a multiple of as many bytes, 1 to 1,024, counting a byte for the type. Default
   * 1: not at all. Where it leaves no room in a datagram the handshake ends with a handshake_failure. RFC 9146 §4.
   */
  readonly recordPadding?: number | undefined;
  /**
   * Agrees on return routability checks, if the peer does. Default true; false for an application that validates addresses in its own
   * way. RFC 9853 §3.
   */
  readonly returnRoutabilityCheck?: boolean | undefined;
}

/** What a listener can set besides. */
export interface ListenerConnectionIdConfiguration extends ConnectionIdConfiguration {
  /**
   * What is done about a peer whose records come from another address. With `'basic'` that address is asked whether it can answer, and
   * what is sent waits for one round trip (RFC 9853 §5.1). With `'enhanced'` the old address is asked first, and has `handshakeTimeouts.min`
   * to say that the peer is still there: that keeps out whoever forwards copies of its records faster, and makes a peer with a new
   * address wait so much longer (RFC 9853 §5.2). Default `'basic'`. Peers that cannot be asked: see {@link ListenerStats.peerAddresses}.
   */
  readonly pathValidation?: 'basic' | 'enhanced' | undefined;
  /**
   * Takes datagrams with a connection ID that this listener does not know, to hand them to the process that does: its listener takes them
   * with `receiveForwarded`. The bytes are the function's to keep, and come from anyone. Default: they are dropped.
   */
  readonly forward?: ((datagram: Uint8Array, host: string, port: number) => void) | undefined;
}

/** What the configurations of a secure socket and of a listener share. Everything is copied when the socket is created. */
export interface TlsCommonConfiguration {
  /**
   * The lowest version allowed; one that is not among the backend's capabilities is ENOTSUP. Default: the best that the backend has.
   * avs: `version`.
   */
  readonly version?: TlsVersion | undefined;
  /** Retransmission timers. avs: `dtls_handshake_timeouts`. */
  readonly handshakeTimeouts?: HandshakeTimeouts | undefined;
  /**
   * Numbers as on the wire, in order of preference. Those that the backend lacks or that do not fit the security mode are ignored, empty
   * means all; EINVAL when nothing is left. Names are in `CiphersuiteNumber`. avs: `ciphersuites`.
   */
  readonly ciphersuites?: readonly number[] | undefined;
  /** The socket below. avs: `backend_configuration`. */
  readonly socket?: SocketConfiguration | undefined;
  /**
   * Negotiates connection IDs, and return routability checks with them, so that the association outlives a change of the client's address.
   * Default false. RFC 9146, RFC 9853; ignored by a backend without them. avs: `use_connection_id`.
   */
  readonly useConnectionId?: boolean | undefined;
  /** Called last, with the backend's native handle or settings. avs: `additional_configuration_clb`. */
  readonly additionalConfiguration?: ((native: unknown) => void) | undefined;
  /** Fills `bytes` with unpredictable bytes. Default: the platform's CSPRNG. avs: `prng_ctx`. */
  readonly random?: ((bytes: Uint8Array) => void) | undefined;
  /**
   * Takes NSS key log lines, without the line end. They are secrets: for debugging with Wireshark only. What it throws surfaces as an
   * uncaught exception, and does no harm to the handshake.
   */
  readonly onKeyLog?: ((line: string) => void) | undefined;
  /** Where time comes from. Default: the platform's. Ours, for tests. */
  readonly clock?: Clock | undefined;
}

/**
 * How a client keeps its association through restarts. After each change `persist` is given the content of `sessionResumptionBuffer`; a new
 * process fills its buffer with what was made durable last, and `connect` goes on without a handshake. Rules for the caller:
 *
 * - `persist` keeps its word. What is sent and handed out waits for it, so that a process that ends at any moment has not used a sequence number
 *   twice, and takes no record twice.
 * - One copy, one process: what was durable once and has been replaced must never come back, from a backup or in a second process.
 *   A nonce would be used twice, and with it the keys are broken.
 */
export interface AssociationPersistenceConfiguration {
  /**
   * Makes `content`, which is its own copy, durable in the place of what was durable before. When it has returned, or its promise is resolved,
   * a restart must find this or later content. A content that a crash has cut in half is ignored safely. When it throws or rejects, what
   * waits for it rejects EIO, and the next `send` calls it again. It is never called while a call is under way.
   */
  persist(content: Uint8Array): void | Promise<void>;
  /**
   * Sequence numbers that one call covers for sending, 1 to 65,536. Default 1,024: a call for each 1,024 records sent, and so many numbers that
   * nobody uses after a restart without `suspend`.
   */
  readonly writeReserve?: number | undefined;
  /**
   * The same for receiving. Default 1: a call for each record that comes, before it is handed out. With more there are fewer calls, and after a
   * restart without `suspend` so many records of the server's less one are dropped at most, for they might be replayed.
   */
  readonly readReserve?: number | undefined;
}

/** Configuration of a (D)TLS client socket. avs: `avs_net_ssl_configuration_t`. */
export interface TlsConfiguration extends TlsCommonConfiguration {
  readonly security: PskSecurity | CertificateSecurity;
  /** A buffer of the caller's, read at `connect` and written after each handshake. avs: `session_resumption_buffer`. */
  readonly sessionResumptionBuffer?: Uint8Array | undefined;
  /**
   * Keeps the association itself in `sessionResumptionBuffer`, which takes some 300 bytes more, so that `connect` goes on with it: option
   * `connectionIdResumed`. Needs that buffer and `useConnectionId`, a server that gives a connection ID, and the extended master secret. Ours.
   *
   * The server is not asked whether it still has the association: if it has not, what is sent goes unanswered, and `close` and `connect`
   * make a new one. `close` ends the association and removes it from the buffer; {@link SecureSocket.suspend} leaves it there.
   */
  readonly persistAssociation?: AssociationPersistenceConfiguration | undefined;
  /** Default: the host given to `connect`; never sent for an address. avs: `server_name_indication`. */
  readonly serverNameIndication?: string | undefined;
  /** With `useConnectionId`. Ours. */
  readonly connectionIds?: ConnectionIdConfiguration | undefined;
  /** Asks the server for small records: 512, 1,024, 2,048 or 4,096 bytes. RFC 6066 §4; for devices with little memory. Ours. */
  readonly maxFragmentLength?: 512 | 1024 | 2048 | 4096 | undefined;
}

/** What a listener lets its peers make it hold. */
export interface ListenerLimits {
  /** Associations whose handshake is not complete. Default 1,000. */
  readonly halfOpen?: number | undefined;
  /** All associations. Default 100,000. */
  readonly total?: number | undefined;
  /** Associations of one source address, all ports together. Default: as `total`, since a NAT may hide many devices. */
  readonly perSource?: number | undefined;
  /** How long a handshake may take, ms. Default 120,000. */
  readonly handshakeTime?: number | undefined;
  /**
   * How long an association may hear nothing from its peer, ms; Infinity: for ever. Default 86,400,000, the lifetime that LwM2M gives a
   * registration by default: without an end, peers that vanished would fill the listener, and one that gave up on a handshake whose last
   * flight was lost would never be noticed.
   */
  readonly idleTime?: number | undefined;
  /** Associations that wait for `accept`. Beyond it new ones are refused. Default 1,000. */
  readonly backlog?: number | undefined;
}

/** Where a server keeps the sessions that it names by session ID (RFC 5246 §7.3). What it holds is secret. */
export interface SessionCache {
  /** The state of a session that has not expired; undefined when there is none. */
  get(id: Uint8Array): Uint8Array | undefined | Promise<Uint8Array | undefined>;
  /** Keeps the state for at most `lifetime` milliseconds. The cache may drop it sooner. */
  set(id: Uint8Array, state: Uint8Array, lifetime: number): void | Promise<void>;
  delete(id: Uint8Array): void | Promise<void>;
}

/** The keys under which a server seals the sessions that it hands out as tickets (RFC 5077 §4). */
export interface TicketKeySource {
  /**
   * The first makes new tickets, all open tickets. Each has 48 bytes: a name of 16, which every ticket carries, and a secret of 32.
   * Asked for at each handshake, so that keys can rotate; processes that return the same keys take each other's tickets.
   */
  keys(): readonly Uint8Array[];
}

/** How a listener lets its peers resume. Ours. */
export interface ResumptionConfiguration {
  /** Sessions by ID, for clients without tickets. Default: 1,000 in memory; false: none. */
  readonly cache?: SessionCache | false | undefined;
  /** Sessions as tickets, which cost the server no memory. Default: keys of the listener's own that change every `lifetime`; false: none. */
  readonly tickets?: TicketKeySource | false | undefined;
  /** How long a session can be resumed, ms. Default and most: 86,400,000 (RFC 5246 §F.1.4 advises no more than 24 hours). */
  readonly lifetime?: number | undefined;
}

/** Configuration of a DTLS listener. */
export interface DtlsListenerConfiguration extends TlsCommonConfiguration {
  readonly security: PskServerSecurity | CertificateSecurity;
  /** Whose order of `ciphersuites` decides among those that both have: the listener's own, or with false the client's. Default true. Ours. */
  readonly preferServerCiphersuites?: boolean | undefined;
  readonly limits?: ListenerLimits | undefined;
  /** With `useConnectionId`. Ours. */
  readonly connectionIds?: ListenerConnectionIdConfiguration | undefined;
  /** RFC 5246 §7.3, RFC 5077; false: every handshake is a full one. A backend without resumption ignores it. */
  readonly resumption?: ResumptionConfiguration | false | undefined;
}
