import type { AvsError } from '../errors.js';
import { ipFamily } from '../ip-address.js';
import type { SecureSocket } from '../secure-socket.js';
import type { Receiver } from '../socket.js';

/** What the associations of a view tell it. */
export interface DgramPeersOwner {
  deliver(data: Uint8Array, address: string, port: number): void;
  tellAssociation(socket: SecureSocket): void;
  tellAssociationError(error: AvsError, address: string, port: number): void;
}

/** Addresses where a peer was before, by which it is still found: what has been asked from there may be answered to there. */
const maxNames = 8;

/**
 * The associations of a listener's view, by their peers' addresses and ports. One whose peer has moved (RFC 9146 §6) is found at its former
 * addresses as well, until others are there.
 */
export class DgramPeers {
  readonly #owner: DgramPeersOwner;
  readonly #peers = new Map<string, Peer>();

  constructor(owner: DgramPeersOwner) {
    this.#owner = owner;
  }

  /** The association with an IP address, in whatever way that is written, and a port. */
  find(address: string, port: number): SecureSocket | undefined {
    const peer = this.#peers.get(`${address}|${port}`) ?? this.#peers.get(key(address, port));
    return peer?.socket;
  }

  /** Takes an association over. One with the same address and port is replaced: its peer has begun anew. */
  add(socket: SecureSocket): void {
    let peer: Peer;
    try {
      peer = new Peer(this, this.#owner, socket);
    } catch {
      void socket.cleanup().catch(() => undefined); // It has ended before it was accepted.
      return;
    }
    const there = this.#peers.get(key(peer.address, peer.port));
    if (there?.isAt(peer.address, peer.port)) void there.leave();
    this.name(peer);
    this.#owner.tellAssociation(socket);
    try {
      socket.setReceiver(peer);
    } catch {
      void peer.leave(); // It was cleaned up by who has just been told of it.
    }
  }

  /** Lets an association be found where its peer is now. */
  name(peer: Peer): void {
    const name = key(peer.address, peer.port);
    this.#peers.set(name, peer);
    peer.names.delete(name);
    peer.names.add(name);
    for (const oldest of peer.names) {
      if (peer.names.size <= maxNames) return;
      peer.names.delete(oldest);
      if (this.#peers.get(oldest) === peer) this.#peers.delete(oldest);
    }
  }

  /** Lets an association go that has ended. */
  drop(peer: Peer): void {
    for (const name of peer.names) if (this.#peers.get(name) === peer) this.#peers.delete(name);
  }

  async close(): Promise<void> {
    const peers = new Set(this.#peers.values());
    this.#peers.clear();
    await Promise.all([...peers].map((peer) => peer.leave()));
  }
}

class Peer implements Receiver {
  address: string;
  port: number;
  /** Its keys in the map, the latest last. */
  readonly names = new Set<string>();
  readonly socket: SecureSocket;
  readonly #peers: DgramPeers;
  readonly #owner: DgramPeersOwner;

  /** @throws EBADF the association has no peer any more. */
  constructor(peers: DgramPeers, owner: DgramPeersOwner, socket: SecureSocket) {
    this.#peers = peers;
    this.#owner = owner;
    this.socket = socket;
    this.address = socket.remoteHost;
    this.port = socket.remotePort;
  }

  onData(data: Uint8Array): void {
    this.#owner.deliver(data, this.address, this.port);
  }

  onPeerAddress(host: string, port: number): void {
    this.address = host;
    this.port = port;
    this.#peers.name(this);
  }

  /** Whether the peer is there, and has not only been. */
  isAt(address: string, port: number): boolean {
    return this.port === port && key(this.address, this.port) === key(address, port);
  }

  onError(error: AvsError): void {
    this.#owner.tellAssociationError(error, this.address, this.port);
    if (this.socket.state !== 'accepted') void this.leave();
  }

  onEnd(): void {
    void this.leave();
  }

  async leave(): Promise<void> {
    this.#peers.drop(this);
    await this.socket.cleanup().catch(() => undefined);
  }
}

function key(address: string, port: number): string {
  return `${canonical(address)}|${port}`;
}

/** One way of writing an IP address: as RFC 5952 does, an IPv4 address in IPv6 (RFC 4291 §2.5.5.2) as IPv4. A name stays a name. */
function canonical(address: string): string {
  if (ipFamily(address) !== 6) return address;
  const [plain = '', zone] = address.split('%', 2);
  const text = new URL(`http://[${plain}]`).hostname.slice(1, -1);
  const mapped = /^::ffff:([0-9a-f]{1,4}):([0-9a-f]{1,4})$/.exec(text);
  if (mapped === null) return zone === undefined ? text : `${text}%${zone}`;
  const [high, low] = [Number(`0x${mapped[1]}`), Number(`0x${mapped[2]}`)];
  return [high >> 8, high & 0xff, low >> 8, low & 0xff].join('.');
}
