import { createSocket, type Socket } from 'node:dgram';
import { isIPv6 } from 'node:net';
import { createUdpSocket } from '@avs-net/core/node';
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
  return toConnection(socket, (peer) => `plain UDP to ${describePeer(peer)}, no security`);
}

/** A UDP socket bound for a server. @throws the system's error, such as EADDRINUSE. */
export async function listenUdp(host: string, port: number): Promise<Socket> {
  const socket = createSocket(isIPv6(host) ? 'udp6' : 'udp4');
  await bound(socket, host, port);
  return socket;
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
