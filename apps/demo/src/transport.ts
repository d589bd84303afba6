import type { Socket } from 'node:dgram';
import type { Peer } from './coap/messages.js';

/** A datagram socket that talks to one peer, plain or secured: what a device runs over. */
export interface Connection {
  readonly socket: Socket;
  readonly peer: Peer;
  /** One line for people: what was set up. */
  readonly summary: string;
  /** Calls back once when the peer or the network has ended the connection; not after `close`. */
  onLost(lost: (error?: Error) => void): void;
  /** Ends the connection. Idempotent. */
  close(): Promise<void>;
}
