import { createSocket, type Socket as DatagramSocket } from 'node:dgram';
import { isIP } from 'node:net';
import type { Endpoint } from '../configuration.js';
import { systemError } from './system-error.js';
import type { UdpPort, UdpPortOptions, UdpPortOwner } from './udp-port.js';

/** A UDP socket of `node:dgram`. */
export function createDgramPort(options: UdpPortOptions, owner: UdpPortOwner): UdpPort {
  return new DgramPort(options, owner);
}

/** All addresses are resolved before they get to dgram: answering at once saves it a turn of the event loop for each datagram. */
function answerLiteral(
  host: string,
  _options: unknown,
  callback: (error: null, address: string, family: number) => void,
): void {
  callback(null, host, isIP(host));
}

class DgramPort implements UdpPort {
  readonly system: DatagramSocket;
  #isClosing = false;

  constructor({ family, reuseAddress, reusePort }: UdpPortOptions, owner: UdpPortOwner) {
    this.system = createSocket({
      type: family === 4 ? 'udp4' : 'udp6',
      reuseAddr: reuseAddress,
      // Node 20 takes it for an unknown option, and gets no further than the check before.
      ...(reusePort ? { reusePort: true } : undefined),
      lookup: answerLiteral as never,
    });
    this.system.on('message', (data, { address, port }) => {
      owner.received(new Uint8Array(data.buffer as ArrayBuffer, data.byteOffset, data.length), address, port);
    });
    this.system.on('error', (error) => owner.failed(error));
    this.system.on('close', () => {
      if (!this.#isClosing) owner.lost();
    });
  }

  get local(): Endpoint {
    const { address, port } = this.system.address();
    return { host: address, port };
  }

  bind(host: string, port: number): Promise<void> {
    return settled((done) => this.system.bind({ port, address: host }, done), this.system);
  }

  async connect(host: string, port: number): Promise<Endpoint> {
    await settled((done) => this.system.connect(port, host, done as () => void), this.system);
    const remote = this.system.remoteAddress();
    return { host: remote.address, port: remote.port };
  }

  send(data: Uint8Array): Promise<void> {
    return sent('send', (done) => this.system.send(copyOf(data), done));
  }

  sendTo(data: Uint8Array, host: string, port: number): Promise<void> {
    return sent(`send to ${host}:${port}`, (done) => this.system.send(copyOf(data), port, host, done));
  }

  async close(): Promise<void> {
    this.#isClosing = true;
    await new Promise<void>((resolve) => {
      try {
        this.system.close(() => resolve());
      } catch {
        resolve(); // Whoever holds `system` has closed it.
      }
    });
  }
}

/** dgram may look at the bytes after `send` has returned. From the pool of small Buffers, which takes a third of the time of an array of its own. */
function copyOf(data: Uint8Array): Uint8Array {
  return Buffer.from(data);
}

/** Settles with what a `send` of dgram's calls back with, or throws. */
function sent(action: string, send: (done: (error: Error | null) => void) => void): Promise<void> {
  return new Promise((resolve, reject) => {
    try {
      send((error) => {
        if (error) reject(systemError(error, action));
        else resolve();
      });
    } catch (error) {
      reject(systemError(error, action));
    }
  });
}

/** Runs an operation that calls back, or emits an error, or throws. */
function settled(start: (done: (error?: Error) => void) => void, socket: DatagramSocket): Promise<void> {
  return new Promise((resolve, reject) => {
    const done = (error?: Error): void => {
      socket.off('error', reject);
      if (error) reject(error);
      else resolve();
    };
    socket.once('error', reject);
    try {
      start(done);
    } catch (error) {
      socket.off('error', reject);
      throw error;
    }
  });
}
