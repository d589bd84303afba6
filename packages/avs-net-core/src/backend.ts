import type { DtlsListenerConfiguration, TlsConfiguration, TlsVersion } from './configuration.js';
import type { DtlsListener } from './datagram-listener.js';
import type { SecureSocket } from './secure-socket.js';
import type { Socket } from './socket.js';

/** What a backend has. A capability that is off means that asking for it is ENOTSUP, unless its comment says otherwise. */
export interface BackendCapabilities {
  /** DTLS versions, by TLS name. */
  readonly dtlsVersions: readonly TlsVersion[];
  /** TLS versions; empty if there is no `createTlsSocket`. */
  readonly tlsVersions: readonly TlsVersion[];
  /** Security modes. */
  readonly modes: readonly ('psk' | 'certificate')[];
  /** Every ciphersuite, as on the wire, in the default order of preference. */
  readonly ciphersuites: readonly number[];
  /** Listeners. */
  readonly server: boolean;
  /** `sessionResumptionBuffer`: without it the buffer is ignored and zeroed. */
  readonly sessionResumption: boolean;
  /** `useConnectionId`: without it the field is ignored. */
  readonly connectionId: boolean;
  readonly extendedMasterSecret: boolean;
  readonly encryptThenMac: boolean;
  readonly maxFragmentLength: boolean;
  readonly dane: boolean;
  /** Datagrams without a byte can be sent and are received. Off: `send` of one is ENOTSUP, and one that comes may be lost. */
  readonly emptyDatagrams: boolean;
  /** PSK identities may hold a zero byte. */
  readonly pskIdentityZeroByte: boolean;
  /** Bytes. */
  readonly maxPskKeyLength: number;
  /** Bytes. */
  readonly maxPskIdentityLength: number;
}

/** A backend as an object, so that code can be written against any. Every backend package exports one as `backend`. */
export interface Backend {
  readonly name: string;
  readonly capabilities: BackendCapabilities;
  /** Loads the credentials and makes a DTLS client socket. @throws EINVAL naming the field; ENOTSUP what the backend lacks. */
  createDtlsSocket(configuration: TlsConfiguration): Promise<SecureSocket>;
  /** As `createDtlsSocket`, over a stream. */
  createTlsSocket(configuration: TlsConfiguration): Promise<SecureSocket>;
  /**
   * Makes a secure socket and puts it on top of `socket`: DTLS over a datagram socket, TLS over a stream. On failure the
   * caller still owns `socket`. avs: `avs_net_dtls_socket_decorate_in_place`, `avs_net_ssl_socket_decorate_in_place`.
   */
  decorateInPlace(socket: Socket, configuration: TlsConfiguration): Promise<SecureSocket>;
  /** Makes a DTLS listener, to be bound. */
  createDtlsListener(configuration: DtlsListenerConfiguration): Promise<DtlsListener>;
}
