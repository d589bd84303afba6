import type { Endpoint } from '@avs-net/core';
import { PlainSocket, type SocketPath } from '../../../packages/avs-net-core/dist/plain-socket.js';

const local: SocketPath = { local: { host: '10.0.0.1', port: 5684 }, remote: undefined, family: 4, mtu: 1500 };

/** A bound UDP socket whose network is the load generator: for a listener, in the listener's process. */
export class LoadSocket extends PlainSocket {
  readonly type = 'udp';
  readonly system = undefined;
  /** Where what the listener sends goes. */
  onSent: ((data: Uint8Array, to: Endpoint) => void) | undefined;

  constructor() {
    super(undefined, 'datagram');
  }

  /** Gives the listener a datagram. */
  arrive(data: Uint8Array, from: Endpoint): void {
    this.received(data, from.host, from.port);
  }

  protected async openConnected(): Promise<SocketPath> {
    throw new Error('a listener does not connect');
  }

  protected async openBound(): Promise<SocketPath> {
    return local;
  }

  protected async transmit(): Promise<void> {
    throw new Error('a listener is not connected');
  }

  protected async transmitTo(data: Uint8Array, host: string, port: number): Promise<void> {
    this.onSent?.(data, { host, port });
  }

  protected async finish(): Promise<void> {}

  protected async release(): Promise<void> {}
}
