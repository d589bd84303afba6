import { createSocket, type Socket } from 'node:dgram';
import { isIPv6 } from 'node:net';
import { errnoError } from '@avs-net/core';
import { createUdpSocket } from '@avs-net/core/node';
import { UserError } from './commands/user-error.js';
import { type Connection, describePeer, toConnection } from './transport.js';

/** Plain UDP to a server: no security. @throws what `connect` does. */
export async function connectUdp(host: string, port: number, signal: AbortSignal): Promise<Connection> {
  const socket = await createUdpSocket();
  try {
    await socket.connect(host, port, { signal });
  } catch (error) {
    await socket.cleanup();
    throw error;
  }
  return toConnection(socket, {
    summarize: (peer) => `plain UDP to ${describePeer(peer)}, no security`,
    isResumed: false,
    isContinued: false,
    suspend: async () => {},
    rebind: async () => {
      throw new UserError(
        'the port stays: without DTLS there are no connection IDs, and the server knows the device by its address',
      );
    },
  });
}

/** A UDP socket bound for a server. @throws EADDRNOTAVAIL the name does not resolve; the system's error, such as EADDRINUSE. */
export async function listenUdp(host: string, port: number): Promise<Socket> {
  const socket = createSocket(isIPv6(host) ? 'udp6' : 'udp4');
  try {
    await bound(socket, host, port);
  } catch (error) {
    socket.close();
    if (isResolutionError(error)) throw errnoError('EADDRNOTAVAIL', `${host} does not resolve`, { cause: error });
    throw error;
  }
  return socket;
}

/** From DNS: no address, for whatever reason. */
function isResolutionError(error: unknown): boolean {
  return error instanceof Error && 'syscall' in error && error.syscall === 'getaddrinfo';
}

function bound(socket: Socket, host: string, port: number): Promise<void> {
  return new Promise((resolve, reject) => {
    socket.once('error', reject);
    socket.bind(port, host, () => {
      socket.removeListener('error', reject);
      resolve();
    });
  });
}
