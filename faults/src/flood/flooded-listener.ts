import type { DtlsListener, ListenerLimits, Receiver, SecureSocket } from '@avs-net/core';
import { MemoryNetwork, VirtualClock } from '@avs-net/core/testing';
import type { BackendPair } from '../backends.js';
import { clientSecurity, lightCiphersuite, serverSecurity } from '../psk.js';
import { must } from '../violation.js';

const address = '10.0.0.1';
const port = 5684;

/** What a listener sends to an address of the flood goes here; undefined: it is an honest peer's. */
type Catcher = (data: Uint8Array, host: string) => boolean;

/** A listener that echoes, on a network in memory, with a place below it where datagrams of any sender can be put in. */
export class FloodedListener {
  readonly clock = new VirtualClock();
  readonly network = new MemoryNetwork({ clock: this.clock, faults: { delay: 10 } });
  readonly #pair: BackendPair;
  #listener: DtlsListener | undefined;
  #receiver: Receiver | undefined;

  constructor(pair: BackendPair) {
    this.#pair = pair;
  }

  /** Binds the listener. `caught` sees all that it sends, before the network does, and keeps what is for the flood. */
  async listen(limits: ListenerLimits, caught: Catcher): Promise<void> {
    const { clock } = this;
    const listener = await this.#pair.server.createDtlsListener({ security: serverSecurity, clock, limits });
    const below = this.network.createUdpSocket(undefined, { address });
    const setReceiver = below.setReceiver.bind(below);
    const sendTo = below.sendTo.bind(below);
    below.setReceiver = (receiver) => {
      this.#receiver = receiver;
      setReceiver(receiver);
    };
    below.sendTo = (data, host, to) => (caught(data, host) ? Promise.resolve() : sendTo(data, host, to));
    await listener.decorate(below);
    await listener.bind(address, port);
    this.#listener = listener;
    const echo = async (): Promise<void> => {
      for await (const socket of listener) {
        socket.setReceiver({ onData: (data) => void socket.send(data).catch(() => undefined) });
      }
    };
    echo().catch(() => undefined);
  }

  get stats(): DtlsListener['stats'] {
    if (this.#listener === undefined) throw new Error('not listening');
    return this.#listener.stats;
  }

  /** Gives the listener a datagram as if it had come from `host`. */
  inject(data: Uint8Array, host: string, from: number): void {
    this.#receiver?.onData(data, host, from);
  }

  /** The first datagram that a client of this backend sends. */
  async firstDatagram(): Promise<Uint8Array> {
    const seen: Uint8Array[] = [];
    const forget = this.network.observe(({ data }) => seen.push(data));
    const client = await this.#client('recorded');
    const stop = new AbortController();
    const connecting = client.connect('10.0.0.99', port, { signal: stop.signal }).catch(() => undefined);
    await this.clock.advance(5);
    stop.abort();
    await this.clock.runUntil(connecting);
    await this.clock.runUntil(client.cleanup());
    forget();
    const [first] = seen;
    must(first !== undefined, 'a client sends a ClientHello');
    return first;
  }

  /** Connects an honest client, sends something and waits for the echo. @returns the time it took, virtual ms. */
  async honestClient(name: string): Promise<number> {
    const begin = this.clock.now();
    const client = await this.#client(name);
    await client.connect(address, port);
    await client.send(new TextEncoder().encode(name));
    const echo = new TextDecoder().decode(await client.receive());
    must(echo === name, `the echo to ${name} was ${echo}`);
    await client.cleanup();
    return this.clock.now() - begin;
  }

  async cleanup(): Promise<void> {
    await this.clock.runUntil(this.#listener?.cleanup() ?? Promise.resolve());
  }

  async #client(name: string): Promise<SecureSocket> {
    const { clock } = this;
    const client = await this.#pair.client.createDtlsSocket({
      security: clientSecurity(name),
      ciphersuites: [lightCiphersuite],
      clock,
    });
    await client.decorate(this.network.createUdpSocket());
    return client;
  }
}
