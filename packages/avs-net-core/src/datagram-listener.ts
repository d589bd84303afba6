import type { DropReason } from './engine.js';
import type { SecureSocket } from './secure-socket.js';
import type { SocketOperations, WaitOptions } from './socket.js';

/** What a listener has served, and what it has dropped and why. Counters only grow; `associations` and `halfOpen` are the present numbers. */
export interface ListenerStats {
  /** Associations whose handshake is complete. */
  readonly associations: number;
  /** Associations whose handshake is not complete. */
  readonly halfOpen: number;
  /** Handshakes completed. */
  readonly accepted: number;
  /** Handshakes that failed: an alert, a timeout, the time limit. */
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
  /** Datagrams and records dropped, by reason. */
  readonly dropped: Readonly<Record<DropReason, number>>;
}

/**
 * Serves many associations on one bound datagram socket. `bind`, then `accept` or `for await`; `connect`, `send` and
 * `receive` are ENOTSUP. Accepted sockets live until they are cleaned up, their peer closes, or the listener is closed.
 */
export interface DtlsListener extends SocketOperations, AsyncIterable<SecureSocket> {
  readonly type: 'dtls';
  accept(options?: WaitOptions): Promise<SecureSocket>;
  readonly stats: ListenerStats;
}
