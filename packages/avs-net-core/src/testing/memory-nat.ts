import type { Endpoint } from '../configuration.js';
import type { MemoryNetwork, WireDatagram } from './memory-network.js';

/**
 * A network address translator in a {@link MemoryNetwork}, around one inside endpoint: to the others its datagrams come from `outside`. RFC 4787
 * §2. A change of `outside` is a rebinding; what is still on its way to the mapping before is lost, and so is what comes from anybody else.
 *
 * @example
 * const nat = new MemoryNat(network, { host: client.localHost, port: client.localPort }, { host: '192.0.2.1', port: 40_000 });
 * nat.outside = { host: '192.0.2.1', port: 40_001 };
 */
export class MemoryNat {
  /** What the others see; undefined: nothing passes. */
  outside: Endpoint | undefined;
  readonly #network: MemoryNetwork;
  readonly #inside: Endpoint;
  readonly #stop: () => void;
  #isPassing = false;

  constructor(network: MemoryNetwork, inside: Endpoint, outside?: Endpoint) {
    this.#network = network;
    this.#inside = { ...inside };
    this.outside = outside;
    this.#stop = network.intercept((datagram) => this.#translate(datagram));
  }

  /** Takes it out of the network. */
  remove(): void {
    this.#stop();
  }

  #translate({ data, from, to }: WireDatagram): false | undefined {
    const { outside } = this;
    if (this.#isPassing) return undefined;
    if (isSame(from, this.#inside)) {
      if (outside !== undefined) this.#pass(data, outside, to);
      return false;
    }
    if (outside !== undefined && isSame(to, outside)) {
      this.#pass(data, from, this.#inside);
      return false;
    }
    // From outside there is no way to an inside endpoint but through its mapping.
    return isSame(to, this.#inside) ? false : undefined;
  }

  #pass(data: Uint8Array, from: Endpoint, to: Endpoint): void {
    this.#isPassing = true;
    this.#network.inject(data, from, to);
    this.#isPassing = false;
  }
}

function isSame(a: Endpoint, b: Endpoint): boolean {
  return a.host === b.host && a.port === b.port;
}
