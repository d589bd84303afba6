import type { Alert } from './alerts.js';
import type { DropReason, EngineInfo } from './engine.js';
import type { Socket } from './socket.js';

/** A socket that protects what it carries: client (`connect`, `decorate`) or accepted by a listener. */
export interface SecureSocket extends Socket {
  readonly type: 'dtls' | 'tls';
  /** What the last handshake negotiated; undefined before the first. */
  readonly info: EngineInfo | undefined;
  /** How many records and datagrams were dropped since the socket was created, by reason. */
  readonly dropped: Readonly<Record<DropReason, number>>;
  /** The last alert sent or received on the present association; undefined when there was none. */
  readonly lastAlert: Alert | undefined;
}
