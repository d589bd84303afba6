import type { Alert } from './alerts.js';
import { ClientSocket } from './client-socket.js';
import type { SocketConfiguration } from './configuration.js';
import type { ClientEngineFactory, DropReason, EngineInfo } from './engine.js';
import type { Socket, WaitOptions } from './socket.js';
import type { TlsSettings } from './tls-settings.js';

/** A socket that protects what it carries: client (`connect`, `decorate`) or accepted by a listener. */
export interface SecureSocket extends Socket {
  readonly type: 'dtls' | 'tls';
  /** What the last handshake negotiated; undefined before the first. */
  readonly info: EngineInfo | undefined;
  /** How many records and datagrams were dropped since the socket was created, by reason. */
  readonly dropped: Readonly<Record<DropReason, number>>;
  /** The last alert sent or received on the present association; undefined when there was none. */
  readonly lastAlert: Alert | undefined;
  /**
   * Keys for a use of the application's own that both ends derive alike, and nobody else: RFC 5705. Named as in `node:tls`. They are bound to
   * the handshake, so that a resumed one gives others, and cannot be had once the association has ended.
   * @param length Bytes, 1 to 65,535.
   * @param label What the keys are for, registered with IANA or beginning with `EXPERIMENTAL`. Printable ASCII.
   * @param context What else they shall depend on, at most 65,535 bytes; a backend may take fewer, but 512. An empty one is not the same as none.
   * @returns Fresh bytes, the caller's to wipe.
   * @throws AvsError ENOTCONN there is no association; ENOTSUP it has no extended master secret (RFC 7627 §5.4); EINVAL a length or context
   * out of bounds, or a label that is reserved, empty or not ASCII; EBADF after cleanup. TypeError a wrong type.
   */
  exportKeyingMaterial(length: number, label: string, context?: Uint8Array): Uint8Array;
  /**
   * Goes on from another address: closes the socket below and opens it anew, on a port of the platform's choice or where `options` say, or
   * puts another one in its place. What is sent meanwhile waits. Where the server does return routability checks it is told at
   * once, else it learns the address from what is sent next. RFC 9146 §6, RFC 9853. Ours.
   *
   * A client with a connection ID does so by itself when the socket below says ENETUNREACH, ENETDOWN, EADDRNOTAVAIL or EHOSTUNREACH.
   * @throws ENOTCONN there is no association; ENOTSUP the server gave no connection ID, or the socket was accepted by a listener; EBADF
   * the socket is being opened, closed or rebound; EINVAL `backend` is not a connected datagram socket; what the socket below rejects with:
   * the association goes on all the same, and the next `send` or `rebind` tries again.
   */
  rebind(options?: RebindOptions): Promise<void>;
  /**
   * Closes the socket and leaves the association as it is: the server is not told, and the next `connect`, in this process or another one,
   * goes on with it from what `persistAssociation.persist` was given last. What was received and not read yet is discarded. Ours.
   * @throws ENOTCONN there is no association; ENOTSUP `persistAssociation` is not configured, or the association cannot be kept; EMSGSIZE
   * `sessionResumptionBuffer` is too small; EBADF the socket is being opened, closed or rebound; EIO `persist` fails. The
   * association goes on then.
   */
  suspend(): Promise<void>;
}

/** Where a {@link SecureSocket} goes on. */
export interface RebindOptions extends WaitOptions {
  /** The local address to bind to. Default: the platform's choice. */
  readonly address?: string | undefined;
  /** The local port. Default 0: the platform's choice. */
  readonly port?: number | undefined;
  /** A datagram socket that is connected to the server, instead of the one below, which is cleaned up. Taken over, unless this rejects. */
  readonly backend?: Socket | undefined;
}

/** What {@link createSecureSocket} is given by a backend. */
export interface SecureSocketOptions {
  readonly type: 'dtls' | 'tls';
  /** The socket's own from then on: destroyed by its `cleanup`. */
  readonly engines: ClientEngineFactory;
  /** What `copyTlsConfiguration` made of the caller's configuration. */
  readonly configuration: TlsSettings;
  /** Makes the socket below. Without it the socket can only be used by `decorate`. */
  readonly createBackend?: ((configuration: SocketConfiguration) => Promise<Socket>) | undefined;
}

/**
 * Makes a client socket out of a backend's engines. The socket below is made at once, so that what it cannot set is refused
 * here and not at `connect`.
 *
 * States: `closed`, `bound`, `connected`, and `shutdown` once either side has ended the association; from there `close` leads
 * back to `closed`. While `connect` or `decorate` is under way the state is what it was, and other ones reject EBADF.
 * @throws what `createBackend` throws; `engines` is destroyed then.
 */
export async function createSecureSocket(options: SecureSocketOptions): Promise<SecureSocket> {
  const { type, engines, configuration, createBackend } = options;
  try {
    const backend = await createBackend?.(configuration.socket);
    return new ClientSocket({ type, settings: configuration, engines, backend });
  } catch (error) {
    engines.destroy();
    throw error;
  }
}
