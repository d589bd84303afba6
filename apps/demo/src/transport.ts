import type { Socket as DgramSocket } from 'node:dgram';
import { isIPv6 } from 'node:net';
import type { Socket } from '@avs-net/core';
import { dgramView } from '@avs-net/core/node';
import type { Peer } from './coap/messages.js';

/** A datagram socket that talks to one peer, plain or secured: what a device runs over. */
export interface Connection {
  readonly socket: DgramSocket;
  readonly peer: Peer;
  /** One line for people: what was set up. */
  readonly summary: string;
  /** The security session is one from before: the server knows whose it is. */
  readonly isResumed: boolean;
  /** The association is one from before, and nobody has asked the server whether it still has it. */
  readonly isContinued: boolean;
  /** Goes on from another port, and resolves with a line for people. @throws what `SecureSocket.rebind` does; UserError without one. */
  rebind(): Promise<string>;
  /** Calls back once when the peer or the network has ended the connection; not after `close`. */
  onLost(lost: (error?: Error) => void): void;
  /** Ends the connection for this process; another one may go on with it, if it can be kept. */
  suspend(): Promise<void>;
  /** Ends the connection. Idempotent. */
  close(): Promise<void>;
}

/** A connected socket as a {@link Connection}, which owns it from then on. */
export function toConnection(
  socket: Socket,
  {
    summarize,
    ...details
  }: Pick<Connection, 'isResumed' | 'isContinued' | 'rebind' | 'suspend'> & { summarize(peer: Peer): string },
): Connection {
  const peer = { host: socket.remoteHost, port: socket.remotePort };
  const view = dgramView(socket);
  let over = false;
  return {
    socket: view,
    peer,
    summary: summarize(peer),
    ...details,
    onLost: (lost) => {
      const tell = (error?: Error): void => {
        if (over) return;
        over = true;
        lost(error);
      };
      view.on('error', tell);
      view.on('close', () => tell());
    },
    suspend: async () => {
      over = true;
      await details.suspend();
    },
    close: async () => {
      over = true;
      await socket.shutdown().catch(() => {});
      await socket.cleanup();
    },
  };
}

/** `192.0.2.1:5683`, `[2001:db8::1]:5683`. */
export function describePeer({ host, port }: Peer): string {
  return isIPv6(host) ? `[${host}]:${port}` : `${host}:${port}`;
}
