import type { AvsError } from './errors.js';
import type { ReadableOption, ReadableOptions, WritableOption, WritableOptions } from './options.js';

/** What a socket speaks. avs: `avs_net_socket_type_t`. */
export type SocketType = 'udp' | 'tcp' | 'dtls' | 'tls';

/** Where a socket is in its life. avs: `avs_net_socket_state_t`. */
export type SocketState = 'closed' | 'bound' | 'accepted' | 'connected' | 'shutdown';

/** Options of one `connect` or `accept`. */
export interface WaitOptions {
  /** Ends the wait; the operation rejects with the signal's reason and the socket is as if it had failed. */
  readonly signal?: AbortSignal | undefined;
}

/** Options of one `receive` or `receiveFrom`. */
export interface ReceiveOptions extends WaitOptions {
  /** A longer datagram rejects EMSGSIZE, with its first `maxLength` bytes as the error's `partial`. Default: no limit. */
  readonly maxLength?: number | undefined;
}

/** A datagram, and who sent it. */
export interface ReceivedDatagram {
  readonly data: Uint8Array;
  /** The sender's address, not a name. */
  readonly host: string;
  readonly port: number;
}

/**
 * Takes what a socket receives, without a promise for each datagram.
 *
 * While a receiver is set, nothing is queued for `receive`; what was queued before is handed to it first.
 */
export interface Receiver {
  /** One datagram, or what a stream had. The bytes are the receiver's to keep. */
  onData(data: Uint8Array, host: string, port: number): void;
  /** An error that the socket survives (ECONNREFUSED from an ICMP message), or that ended it. */
  onError?(error: AvsError): void;
  /** The peer has closed its direction; nothing comes any more. */
  onEnd?(): void;
  /**
   * The association goes on with its peer at another address. With a peer that does no return routability checks that address is not
   * validated yet: an application with a way of its own, such as Echo of CoAP (RFC 9175 §2.3), begins it here. RFC 9146 §6.
   */
  onPeerAddress?(host: string, port: number): void;
}

/**
 * The operations of the contract: all of a {@link Socket} but iteration, which differs between sockets and listeners.
 *
 * Every operation rejects with an `AvsError`, except that an aborted wait rejects with its signal's reason and an argument
 * of the wrong type is a TypeError. `[Symbol.asyncDispose]` is `cleanup`.
 *
 * avs: `avs_net_socket_t` and its `avs_net_socket_v_table_t`.
 */
export interface SocketOperations extends AsyncDisposable {
  readonly type: SocketType;
  readonly state: SocketState;

  /**
   * Resolves `host`, connects the socket below and, on a secure socket, performs the handshake. Resolves when data can flow.
   * @throws EADDRNOTAVAIL the name does not resolve; ECONNREFUSED; ETIMEDOUT the handshake timers ran out; an error of the
   * alert category the peer refused; EBADF the socket is neither closed nor bound; EINVAL the port is not 1 to 65535.
   * After a failure the socket is closed and can connect again. avs: `avs_net_socket_connect`.
   */
  connect(host: string, port: number, options?: WaitOptions): Promise<void>;

  /**
   * Puts this secure socket on top of `backend`, any closed or ready socket. Over a ready one the handshake starts at once;
   * over a closed one at `connect`. This socket owns `backend` from then on; after a failure the caller still does.
   * @throws ENOTSUP on a plain socket; EBADF if this socket is not closed. avs: `avs_net_socket_decorate`.
   */
  decorate(backend: Socket, options?: WaitOptions): Promise<void>;

  /**
   * Sends all of `data`, as one datagram on a datagram socket.
   * @throws EMSGSIZE larger than the inner MTU; ENOTCONN not connected. avs: `avs_net_socket_send`.
   */
  send(data: Uint8Array): Promise<void>;

  /**
   * Sends one datagram to an address, on a bound UDP socket.
   * @throws ENOTSUP on a connected secure socket unless host and port are its peer's. avs: `avs_net_socket_send_to`.
   */
  sendTo(data: Uint8Array, host: string, port: number): Promise<void>;

  /**
   * Waits for one datagram, or for at least one byte of a stream.
   * @throws ETIMEDOUT after `recvTimeout`, and the socket stays usable; EMSGSIZE see {@link ReceiveOptions};
   * ENOTCONN a datagram socket's peer has closed, or none is connected; an error of the alert category after a fatal alert.
   * avs: `avs_net_socket_receive`.
   */
  receive(options?: ReceiveOptions): Promise<Uint8Array>;

  /** As `receive`, with the sender. avs: `avs_net_socket_receive_from`. */
  receiveFrom(options?: ReceiveOptions): Promise<ReceivedDatagram>;

  /** What is already there, without waiting: a datagram or bytes, or undefined. */
  tryReceive(): ReceivedDatagram | undefined;

  /** Hands what is received to `receiver` as it comes; undefined goes back to queueing for `receive`. */
  setReceiver(receiver: Receiver | undefined): void;

  /**
   * Binds to a local address; port 0 picks one. On a client it fixes the local address before `connect`.
   * @throws EADDRINUSE, EADDRNOTAVAIL; EBADF the socket is not closed. avs: `avs_net_socket_bind`.
   */
  bind(address: string, port: number): Promise<void>;

  /**
   * The next association of a bound listener, its handshake complete, in state `accepted`.
   * @throws ENOTSUP on a UDP socket and on a secure socket made for the client side; EBADF not bound; ETIMEDOUT after `recvTimeout`.
   * avs: `avs_net_socket_accept`.
   */
  accept(options?: WaitOptions): Promise<Socket>;

  /** Sends close_notify (or FIN); what was already received can still be read. avs: `avs_net_socket_shutdown`. */
  shutdown(): Promise<void>;

  /** Discards what is unread; the socket can connect or bind again. avs: `avs_net_socket_close`. */
  close(): Promise<void>;

  /** The end: closes, frees, wipes keys, and cleans up the sockets below. Idempotent; all else rejects EBADF. avs: `avs_net_socket_cleanup`. */
  cleanup(): Promise<void>;

  /** The platform's socket at the bottom (a `dgram.Socket` or `net.Socket` on Node), if there is one. avs: `avs_net_socket_get_system`. */
  readonly system: object | undefined;
  /** The network interface in use. @throws EBADF when not known. avs: `avs_net_socket_interface_name`. */
  readonly interfaceName: string;
  /** The peer's address. @throws EBADF when there is none. avs: `avs_net_socket_get_remote_host`. */
  readonly remoteHost: string;
  /** What `connect` was given. @throws EBADF when there is none. avs: `avs_net_socket_get_remote_hostname`. */
  readonly remoteHostname: string;
  /** @throws EBADF when there is none. avs: `avs_net_socket_get_remote_port`. */
  readonly remotePort: number;
  /** @throws EBADF when there is none. avs: `avs_net_socket_get_local_host`. */
  readonly localHost: string;
  /** @throws EBADF when there is none. avs: `avs_net_socket_get_local_port`. */
  readonly localPort: number;

  /** @throws ENOTSUP unknown key, or one that this socket does not have; EBADF no value in this state. avs: `avs_net_socket_get_opt`. */
  getOption<K extends ReadableOption>(key: K): ReadableOptions[K];

  /** @throws ENOTSUP unknown or read-only key; EINVAL wrong value. avs: `avs_net_socket_set_opt`. */
  setOption<K extends WritableOption>(key: K, value: WritableOptions[K]): void;
}

/**
 * The socket contract: the same operations on every transport, plain or secure. Async iteration yields what `receive` would,
 * waits without a timeout, and ends where a stream ends or the peer has closed the association.
 */
export interface Socket extends SocketOperations, AsyncIterable<Uint8Array> {}
