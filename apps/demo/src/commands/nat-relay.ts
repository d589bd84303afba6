import { createSocket, type RemoteInfo, type Socket } from 'node:dgram';
import { once } from 'node:events';

/** What one endpoint inside has at the outside. */
interface Mapping {
  readonly inside: RemoteInfo;
  readonly outside: Socket;
}

/**
 * A network address translator between devices and a server, all on loopback: to the server each device has a port of the relay's. When it is
 * told to, it forgets them, as real ones do after a while of silence: then the server sees other ports, and what is sent to those from before is
 * lost. RFC 4787 §4.3.
 */
export class NatRelay {
  readonly #inside: Socket;
  readonly #serverPort: number;
  readonly #mappings = new Map<string, Promise<Mapping>>();

  private constructor(inside: Socket, serverPort: number) {
    this.#inside = inside;
    this.#serverPort = serverPort;
    inside.on('message', (datagram, from) => {
      void this.#mapping(from).then(({ outside }) => outside.send(datagram));
    });
  }

  /** A relay to a port of loopback. */
  static async to(serverPort: number): Promise<NatRelay> {
    const inside = createSocket('udp4');
    inside.bind(0, '127.0.0.1');
    await once(inside, 'listening');
    return new NatRelay(inside, serverPort);
  }

  /** Where devices send to. */
  get port(): number {
    return this.#inside.address().port;
  }

  /** Gives the devices that are there other ports. Resolves with what has changed, the port before and the port now of each. */
  async rebind(): Promise<{ readonly before: number; readonly now: number }[]> {
    const mappings = await Promise.all(this.#mappings.values());
    this.#mappings.clear();
    const changes = await Promise.all(
      mappings.map(async ({ inside, outside }) => {
        // While the port of before is taken, the new one is another.
        const now = (await this.#mapping(inside)).outside.address().port;
        return { before: outside.address().port, now };
      }),
    );
    for (const { outside } of mappings) outside.close();
    return changes;
  }

  async close(): Promise<void> {
    this.#inside.close();
    for (const mapping of this.#mappings.values()) (await mapping).outside.close();
    this.#mappings.clear();
  }

  #mapping(inside: RemoteInfo): Promise<Mapping> {
    const name = `${inside.address}:${inside.port}`;
    const known = this.#mappings.get(name) ?? this.#open(inside);
    this.#mappings.set(name, known);
    return known;
  }

  async #open(inside: RemoteInfo): Promise<Mapping> {
    const outside = createSocket('udp4');
    outside.on('message', (datagram) => this.#inside.send(datagram, inside.port, inside.address));
    // ICMP: the server is not there any more.
    outside.on('error', () => {});
    outside.connect(this.#serverPort, '127.0.0.1');
    await once(outside, 'connect');
    return { inside, outside };
  }
}
