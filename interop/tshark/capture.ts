import dgram from 'node:dgram';
import { once } from 'node:events';

/** Who has sent a datagram. */
export interface Captured {
  readonly from: 'client' | 'server';
  /** Of the client; the server's is always the one of CoAP over DTLS, by which Wireshark knows what is inside. */
  readonly clientPort: number;
  readonly data: Uint8Array;
}

/** RFC 7252 §12.7. */
const coapsPort = 5684;

/** Datagrams as a capture file: the format of libpcap, with IPv4 packets (LINKTYPE_RAW), a millisecond apart. */
export function captureFile(datagrams: readonly Captured[]): Uint8Array {
  const header = Buffer.alloc(24);
  header.writeUInt32LE(0xa1b2c3d4, 0);
  header.writeUInt16LE(2, 4);
  header.writeUInt16LE(4, 6);
  header.writeUInt32LE(65_535, 16);
  header.writeUInt32LE(101, 20);
  const packets = datagrams.flatMap((datagram, index) => {
    const packet = packetOf(datagram);
    const about = Buffer.alloc(16);
    about.writeUInt32LE(1_700_000_000 + Math.floor(index / 1_000), 0);
    about.writeUInt32LE((index % 1_000) * 1_000, 4);
    about.writeUInt32LE(packet.length, 8);
    about.writeUInt32LE(packet.length, 12);
    return [about, packet];
  });
  return Buffer.concat([header, ...packets]);
}

/** RFC 791 §3.1, RFC 768. Checksums of 0 are not looked at. */
function packetOf({ from, clientPort, data }: Captured): Buffer {
  const ip = Buffer.alloc(20);
  ip.set([0x45, 0], 0);
  ip.writeUInt16BE(28 + data.length, 2);
  ip.set([64, 17], 8);
  const ports = from === 'client' ? [clientPort, coapsPort] : [coapsPort, clientPort];
  ip.set(from === 'client' ? [10, 0, 0, 2, 10, 0, 0, 1] : [10, 0, 0, 1, 10, 0, 0, 2], 12);
  const udp = Buffer.alloc(8);
  udp.writeUInt16BE(ports[0] ?? 0, 0);
  udp.writeUInt16BE(ports[1] ?? 0, 2);
  udp.writeUInt16BE(8 + data.length, 4);
  return Buffer.concat([ip, udp, data]);
}

/** Stands between clients and a server on loopback, and keeps what goes through. */
export class Recorder implements AsyncDisposable {
  readonly datagrams: Captured[] = [];
  readonly #front = dgram.createSocket('udp4');
  readonly #backs = new Map<number, dgram.Socket>();

  private constructor(private readonly serverPort: number) {
    this.#front.on('message', (data, { port }) => {
      this.datagrams.push({ from: 'client', clientPort: port, data });
      this.#back(port).send(data, this.serverPort, '127.0.0.1');
    });
  }

  /** A recorder in front of a port of loopback. */
  static async to(serverPort: number): Promise<Recorder> {
    const recorder = new Recorder(serverPort);
    recorder.#front.bind(0, '127.0.0.1');
    await once(recorder.#front, 'listening');
    return recorder;
  }

  /** Where clients are to send to. */
  get port(): number {
    return this.#front.address().port;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const socket of [this.#front, ...this.#backs.values()]) {
      socket.close();
      await once(socket, 'close');
    }
  }

  #back(clientPort: number): dgram.Socket {
    let back = this.#backs.get(clientPort);
    if (back === undefined) {
      back = dgram.createSocket('udp4');
      back.on('message', (data) => {
        this.datagrams.push({ from: 'server', clientPort, data });
        this.#front.send(data, clientPort, '127.0.0.1');
      });
      this.#backs.set(clientPort, back);
    }
    return back;
  }
}
