import cluster from 'node:cluster';
import { createUdpSocket, createUdpSocketOver } from '@avs-net/core/node';
import type { Loaded } from './native.js';
import { nativeUdpPorts } from './udp-port.js';

/** Makes a plain UDP socket. */
export type CreateUdpSocket = typeof createUdpSocket;

/** What makes UDP sockets: the addon, or where it does not `node:dgram`. */
export function udpSocketsOf(loaded: Loaded): CreateUdpSocket {
  const udp = loaded.error ? undefined : loaded.native.udp;
  // The sockets of a cluster's worker are the primary's, which has them in common with the other workers.
  return udp === undefined || cluster.isWorker ? createUdpSocket : createUdpSocketOver(nativeUdpPorts(udp));
}
