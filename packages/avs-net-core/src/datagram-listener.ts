import type { SocketConfiguration } from './configuration.js';
import type { DropReason, ServerEngineFactory } from './engine.js';
import { ListenerSocket } from './listener-socket.js';
import type { SecureSocket } from './secure-socket.js';
import type { Socket, SocketOperations, WaitOptions } from './socket.js';
import type { ListenerSettings } from './tls-settings.js';

/** What a listener has served, and what it has dropped and why. Counters only grow; `associations` and `halfOpen` are the present numbers. */
export interface ListenerStats {
  /** Associations whose handshake is complete. */
  readonly associations: number;
  /** Associations whose handshake is not complete. */
  readonly halfOpen: number;
  /** Handshakes completed. */
  readonly accepted: number;
  /** Associations that another listener has begun: see {@link DtlsListener.resume}. */
  readonly resumed: number;
  /** Handshakes that failed: an alert, a timeout, the time limit, or because the client began another. */
  readonly failed: number;
  /** ClientHellos answered with a cookie, without keeping state. */
  readonly cookiesSent: number;
  /** Peers turned away by a limit: half-open, total, per source, backlog. */
  readonly refused: {
    readonly halfOpen: number;
    readonly total: number;
    readonly perSource: number;
    readonly backlog: number;
  };
  /** Associations that heard nothing for the idle time. */
  readonly idled: number;
  /** Datagrams with a connection ID of another listener's that `connectionIds.forward` was given. */
  readonly forwarded: number;
  /**
   * Peers whose newest record came from another address (RFC 9146 §6). With return routability checks the peer's address changes when the
   * new one is validated. Without them it changes at once, and until the peer is heard again after something was sent there, the new
   * one gets three times as much as has come from it; `send` of more rejects EAGAIN.
   */
  readonly peerAddresses: {
    /** Such records that began a validation. */
    readonly observed: number;
    /** Peers that have answered from there, so that it is their address. */
    readonly validated: number;
    /** Peers that have not, or were heard somewhere else first. */
    readonly failed: number;
    /** Datagrams that were not sent because they were too much for an address that was not validated. */
    readonly heldBack: number;
  };
  /** Datagrams and records dropped, by reason. */
  readonly dropped: Readonly<Record<DropReason, number>>;
}

/**
 * Serves many associations on one bound datagram socket. `bind`, then `accept` or `for await`; `connect`, `send` and
 * `receive` are ENOTSUP. With `decorate` it serves on any datagram socket that is closed or bound. Accepted sockets live until
 * they are cleaned up, their peer closes, or the listener is closed.
 *
 * A client that begins a new handshake from the address of a live association takes its place when it has proven itself: the
 * old socket's `receive` then rejects ECONNRESET (RFC 6347 §4.2.8). After the idle time, or when the listener is closed, an
 * accepted socket's `receive` rejects ECONNABORTED. In each case what was received before is handed out first.
 */
export interface DtlsListener extends SocketOperations, AsyncIterable<SecureSocket> {
  readonly type: 'dtls';
  accept(options?: WaitOptions): Promise<SecureSocket>;
  readonly stats: ListenerStats;
  /**
   * Takes a datagram that another process has received and forwarded (`connectionIds.forward`), as if it had come here from that host
   * and port. It is not forwarded again.
   * @throws TypeError, EINVAL naming the argument; EBADF the listener is not bound, or was cleaned up.
   */
  receiveForwarded(datagram: Uint8Array, host: string, port: number): void;
  /**
   * Closes the listener and leaves its associations as they are: the peers are not told, and another listener goes on with them by `resume`.
   * Accepted sockets reject ECONNABORTED from then on; what they had received and not handed out goes along. Handshakes that are not complete
   * are dropped.
   * @param key 32 bytes, the caller's: the result is encrypted with it (AES-256-GCM), for it has the keys of all associations.
   * @returns What `resume` takes. It is good for one `resume` of one listener: associations that went on in two places would use a nonce twice,
   * and with it their keys are broken.
   * @throws TypeError, EINVAL the key is none; EBADF the listener is not bound, or was cleaned up; ENOTSUP the backend cannot.
   */
  suspend(key: Uint8Array): Promise<Uint8Array>;
  /**
   * Goes on with the associations of a listener that was suspended; `accept` gives a socket for each. To be called when bound, on the port where
   * the peers know the service. An association whose place is taken already, that has been idle for too long, or for which the limits
   * leave no room, is left out.
   * @param state What `suspend` gave. Filled with zeros, because it must not be used again.
   * @returns How many associations go on.
   * @throws TypeError, EINVAL an argument is none, `state` was not made with this key, or its associations have connection IDs of another length
   * than this listener gives; EBADF the listener is not bound, or was cleaned up; ENOTSUP the backend cannot.
   */
  resume(state: Uint8Array, key: Uint8Array): Promise<number>;
}

/** What {@link createDatagramListener} is given by a backend. */
export interface DatagramListenerOptions {
  /** The listener's own from then on: destroyed by its `cleanup`. */
  readonly engines: ServerEngineFactory;
  /** What `copyListenerConfiguration` made of the caller's configuration. */
  readonly configuration: ListenerSettings;
  /** Makes the datagram socket that is bound. Without it the listener can only be used by `decorate`. */
  readonly createBackend?: ((configuration: SocketConfiguration) => Promise<Socket>) | undefined;
}

/**
 * Makes a listener out of a backend's engines. The socket below is made at once, so that what it cannot set is refused here
 * and not at `bind`.
 * @throws what `createBackend` throws; EINVAL it made a stream; `engines` is destroyed then.
 */
export async function createDatagramListener(options: DatagramListenerOptions): Promise<DtlsListener> {
  const { engines, configuration, createBackend } = options;
  try {
    return new ListenerSocket(engines, configuration, await createBackend?.(configuration.socket));
  } catch (error) {
    engines.destroy();
    throw error;
  }
}
