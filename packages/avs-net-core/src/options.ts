import type { SocketState } from './socket.js';

/** Handshake retransmission timers, in milliseconds. avs: `avs_net_dtls_handshake_timeouts_t`. */
export interface HandshakeTimeouts {
  /** The first wait. Default 1,000. */
  readonly min: number;
  /** The longest and last wait; each wait is twice the one before, up to this. Default 60,000. */
  readonly max: number;
}

/** RFC 6347 §4.2.4.1: an initial timer of 1 second, doubled up to no less than 60 seconds. */
export const defaultHandshakeTimeouts: HandshakeTimeouts = { min: 1_000, max: 60_000 };

/** An address family as options speak of it: 4 IPv4, 6 IPv6. */
export type AddressFamily = 4 | 6;

/** A DANE TLSA record. RFC 6698 §2.1; avs: `avs_net_socket_dane_tlsa_record_t`. */
export interface DaneTlsaRecord {
  readonly certificateUsage: number;
  readonly selector: number;
  readonly matchingType: number;
  readonly associationData: Uint8Array;
}

/** Every option that can be read, with its value's type. The avs name is `AVS_NET_SOCKET_` and what each comment gives. */
export interface ReadableOptions {
  /** How long `receive`, `receiveFrom` and `accept` wait: ms, or Infinity. Default 30,000. OPT_RECV_TIMEOUT */
  recvTimeout: number;
  /** OPT_STATE */
  state: SocketState;
  /** Of the connection in use. OPT_ADDR_FAMILY */
  addressFamily: AddressFamily;
  /** Bytes of a network-layer packet; the forced value if one was configured. OPT_MTU */
  mtu: number;
  /** Bytes of the largest `send` that one datagram carries. OPT_INNER_MTU */
  innerMtu: number;
  /** The last handshake was abbreviated. OPT_SESSION_RESUMED */
  sessionResumed: boolean;
  /** Application bytes sent, without protocol overhead. OPT_BYTES_SENT */
  bytesSent: number;
  /** Application bytes received, without protocol overhead. OPT_BYTES_RECEIVED */
  bytesReceived: number;
  /** Data was taken from below and is not handed out yet. HAS_BUFFERED_DATA */
  hasBufferedData: boolean;
  /** OPT_DTLS_HANDSHAKE_TIMEOUTS */
  handshakeTimeouts: HandshakeTimeouts;
  /** The last connect restored a connection ID without any handshake. OPT_CONNECTION_ID_RESUMED */
  connectionIdResumed: boolean;
  /** 0 none, 4, 6. OPT_PREFERRED_ADDR_FAMILY */
  preferredAddressFamily: 0 | AddressFamily;
  /** 0 none, 4, 6. OPT_FORCED_ADDR_FAMILY */
  forcedAddressFamily: 0 | AddressFamily;
}

/** Every option that can be set, with its value's type. */
export interface WritableOptions {
  recvTimeout: number;
  /** Copied. Refused unless the socket is configured for DANE. OPT_DANE_TLSA_ARRAY */
  daneTlsaRecords: readonly DaneTlsaRecord[];
  /** Taken by the next handshake. */
  handshakeTimeouts: HandshakeTimeouts;
  /** Taken by the next resolution. */
  preferredAddressFamily: 0 | AddressFamily;
  /** Taken by the next resolution. */
  forcedAddressFamily: 0 | AddressFamily;
}

/** The key of an option that can be read. */
export type ReadableOption = keyof ReadableOptions;

/** The key of an option that can be set. */
export type WritableOption = keyof WritableOptions;
