import { createSocket, type Socket } from 'node:dgram';
import { lookup } from 'node:dns/promises';
import { isIPv6 } from 'node:net';
import { errnoError } from '@avs-net/core';
import type { Peer } from './coap/messages.js';
import type { Connection } from './transport.js';

/** Plain UDP to a server: no security. @throws EADDRNOTAVAIL if the name does not resolve. */
export async function connectUdp(host: string, port: number): Promise<Connection> {
  const { address, family } = await lookup(host).catch((cause: unknown) => {
    throw errnoError('EADDRNOTAVAIL', `${host} does not resolve`, { cause });
  });
  const socket = createSocket(family === 6 ? 'udp6' : 'udp4');
  await bound(socket, family === 6 ? '::' : '0.0.0.0', 0);
  let closed = false;
  return {
    socket,
    peer: { host: address, port },
    summary: `plain UDP to ${describePeer({ host: address, port })}, no security`,
    onLost: (lost) => {
      socket.once('error', lost);
    },
    close: async () => {
      if (closed) return;
      closed = true;
      await new Promise<void>((resolve) => socket.close(() => resolve()));
    },
  };
}

/** A UDP socket bound for a server. @throws the system's error, such as EADDRINUSE. */
export async function listenUdp(host: string, port: number): Promise<Socket> {
  const socket = createSocket(isIPv6(host) ? 'udp6' : 'udp4');
  await bound(socket, host, port);
  return socket;
}

/** `192.0.2.1:5683`, `[2001:db8::1]:5683`. */
export function describePeer({ host, port }: Peer): string {
  return isIPv6(host) ? `[${host}]:${port}` : `${host}:${port}`;
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
