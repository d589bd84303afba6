import type { Endpoint } from '../configuration.js';
import type { AddressFamily } from '../options.js';

/** What a {@link UdpPort} is made with. */
export interface UdpPortOptions {
  readonly family: AddressFamily;
  readonly reuseAddress: boolean;
  readonly reusePort: boolean;
}

/** Whom a {@link UdpPort} tells what happens, from an event of its own and never from within a call. */
export interface UdpPortOwner {
  /** A datagram has come. The bytes are the owner's to keep. */
  received(data: Uint8Array, host: string, port: number): void;
  /** An error that the port survives, such as the ECONNREFUSED that an ICMP message comes to. Not one of a call. */
  failed(error: unknown): void;
  /** Nothing can be sent or received any more, though `close` was not called. */
  lost(): void;
}

/**
 * A UDP socket of the system, of one family, closed at first: what {@link createUdpSocketOver} runs. Hosts are addresses and never names. Errors are
 * Node's, with a `code`; what `send` and `sendTo` throw or reject with went through {@link systemError}, as that of the others will.
 */
export interface UdpPort {
  /** What the user is given as `system`. */
  readonly system: object;
  /** Where it is. */
  readonly local: Endpoint;
  bind(host: string, port: number): Promise<void>;
  /** Connects, bound or not, and tells to where, as the system writes it. */
  connect(host: string, port: number): Promise<Endpoint>;
  /** Sends to whom it is connected to, and does not keep `data`. Undefined: the system has taken it already. */
  send(data: Uint8Array): Promise<void> | undefined;
  /** As `send`, when bound. */
  sendTo(data: Uint8Array, host: string, port: number): Promise<void> | undefined;
  /** Lets go of the port. Harmless when it is closed or lost. */
  close(): Promise<void>;
}

/** Makes a {@link UdpPort}, closed. */
export type UdpPortMaker = (options: UdpPortOptions, owner: UdpPortOwner) => UdpPort;
