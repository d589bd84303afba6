import { createSocket, type Socket as DatagramSocket } from 'node:dgram';
import { isIP } from 'node:net';
import { getSystemErrorName } from 'node:util';
import type { Endpoint } from '@avs-net/core';
import {
  systemError,
  type UdpPort,
  type UdpPortMaker,
  type UdpPortOptions,
  type UdpPortOwner,
} from '@avs-net/core/node';
import type { AddressOrError, NativeUdp, NativeUdpPort } from './native-udp.js';
import { noRoom, UnsentQueue } from './unsent-queue.js';

/** UDP by the addon, for `createUdpSocketOver`. */
export function nativeUdpPorts(udp: NativeUdp): UdpPortMaker {
  return (options, owner) => new NativePort(udp, options, owner);
}

/**
 * A socket of the addon's. A datagram is sent by one call of the system's, within `send`; what has come is told by one call for many.
 * Who asks for `system` gets a socket of `node:dgram`'s on the same socket of the system, by which it receives from then on.
 */
class NativePort implements UdpPort {
  readonly #udp: NativeUdp;
  readonly #native: NativeUdpPort;
  readonly #options: UdpPortOptions;
  readonly #owner: UdpPortOwner;
  /** By place: see `NativeUdpPort.source`. */
  readonly #sources: Endpoint[] = [];
  /** By place: see `NativeUdpPort.setDestination`. */
  readonly #destinations: Endpoint[] = [];
  #unsent: UnsentQueue | undefined;
  #system: DatagramSocket | undefined;
  #isOpen = true;
  /** Why there is no socket. */
  #failure: Error | undefined;

  constructor(udp: NativeUdp, options: UdpPortOptions, owner: UdpPortOwner) {
    this.#udp = udp;
    this.#native = new udp.Port();
    this.#options = options;
    this.#owner = owner;
    const { family, reuseAddress, reusePort } = options;
    const error = this.#native.open(
      family,
      reuseAddress,
      reusePort,
      (slab, count) => this.#onDatagrams(slab, count),
      (code) => this.#onError(code),
      () => this.#unsent?.flush(),
    );
    if (error !== 0) this.#failure = failureOf(error);
  }

  get system(): DatagramSocket {
    this.#system ??= this.#handOver();
    return this.#system;
  }

  get local(): Endpoint {
    return endpoint(this.#native.local());
  }

  async bind(host: string, port: number): Promise<void> {
    this.#check();
    check(this.#native.bind(host, port));
  }

  async connect(host: string, port: number): Promise<Endpoint> {
    this.#check();
    // Throws when whoever holds it has closed it.
    this.#system?.address();
    check(this.#native.connect(host, port));
    return endpoint(this.#native.remote());
  }

  send(data: Uint8Array): Promise<void> | undefined {
    if (this.#unsent?.isWaiting) return this.#unsent.add(data, undefined);
    this.#udp.out.set(data);
    const error = this.#native.send(data.length);
    return error === 0 ? undefined : this.#notSent(error, data, undefined);
  }

  sendTo(data: Uint8Array, host: string, port: number): Promise<void> | undefined {
    if (this.#unsent?.isWaiting) return this.#unsent.add(data, { host, port });
    const error = this.#trySendTo(data, host, port);
    return error === 0 ? undefined : this.#notSent(error, data, { host, port });
  }

  async close(): Promise<void> {
    this.#isOpen = false;
    this.#native.close();
    this.#unsent?.close();
    const system = this.#system;
    if (system === undefined) return;
    await new Promise<void>((resolve) => {
      try {
        system.close(() => resolve());
      } catch {
        resolve(); // Whoever holds `system` has closed it.
      }
    });
  }

  #trySendTo(data: Uint8Array, host: string, port: number): number {
    const place = port % this.#udp.destinations;
    const known = this.#destinations[place];
    if (known?.port !== port || known.host !== host) {
      const error = this.#native.setDestination(place, host, port);
      if (error !== 0) return error;
      this.#destinations[place] = { host, port };
    }
    this.#udp.out.set(data);
    return this.#native.sendTo(data.length, place);
  }

  #notSent(error: number, data: Uint8Array, to: Endpoint | undefined): Promise<void> {
    if (error !== noRoom) throw failureOfSend(error, to);
    this.#unsent ??= new UnsentQueue({
      send: (waiting, target) => {
        if (target !== undefined) return this.#trySendTo(waiting, target.host, target.port);
        this.#udp.out.set(waiting);
        return this.#native.send(waiting.length);
      },
      awaitRoom: () => this.#native.awaitRoom(),
      failure: failureOfSend,
    });
    return this.#unsent.add(data, to);
  }

  #onDatagrams(slab: ArrayBuffer, count: number): void {
    const { entries, newSource } = this.#udp;
    for (let index = 0; index < 3 * count && this.#isOpen; index += 3) {
      const offset = entries[index] ?? 0;
      const length = entries[index + 1] ?? 0;
      const source = entries[index + 2] ?? 0;
      const { host, port } = this.#source(source & ~newSource, (source & newSource) !== 0);
      this.#owner.received(new Uint8Array(slab, offset, length), host, port);
    }
  }

  #source(place: number, isNew: boolean): Endpoint {
    const known = isNew ? undefined : this.#sources[place];
    if (known !== undefined) return known;
    const found = endpoint(this.#native.source(place));
    this.#sources[place] = found;
    return found;
  }

  #onError(code: number): void {
    this.#owner.failed(failureOf(code));
  }

  #handOver(): DatagramSocket {
    const { family } = this.#options;
    // Addresses need no look-up, as in the sockets that core makes.
    const lookup = (
      host: string,
      _options: unknown,
      callback: (error: null, address: string, family: number) => void,
    ): void => callback(null, host, isIP(host));
    const socket = createSocket({ type: family === 4 ? 'udp4' : 'udp6', lookup: lookup as never });
    socket.on('message', (data, { address, port }) => {
      const bytes = new Uint8Array(data.buffer as ArrayBuffer, data.byteOffset, data.length);
      this.#owner.received(bytes, address, port);
    });
    socket.on('error', (error) => this.#owner.failed(error));
    socket.on('close', () => this.#onSystemClosed());
    const descriptor = this.#native.handOver();
    check(descriptor);
    socket.bind({ fd: descriptor, exclusive: true });
    return socket;
  }

  #onSystemClosed(): void {
    if (!this.#isOpen) return;
    this.#isOpen = false;
    this.#native.close();
    this.#unsent?.close();
    this.#owner.lost();
  }

  #check(): void {
    if (this.#failure !== undefined) throw this.#failure;
  }
}

/** @throws the error that a code below 0 stands for. */
function check(code: number): void {
  if (code < 0) throw failureOf(code);
}

function endpoint(address: AddressOrError): Endpoint {
  if (typeof address === 'number') throw failureOf(address);
  return address;
}

function failureOf(code: number): Error {
  const name = getSystemErrorName(code);
  return Object.assign(new Error(name), { code: name, errno: code });
}

function failureOfSend(code: number, to: Endpoint | undefined): Error {
  return systemError(failureOf(code), to === undefined ? 'send' : `send to ${to.host}:${to.port}`);
}
