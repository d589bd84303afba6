/** What we are in a cell of the matrix; the peer is the other. */
export type Role = 'client' | 'server';

/** Why cells of the matrix are not a pass. Kept in the peer's folder. */
export interface Gap {
  /** The suites (by IANA name) or scenarios that it is about. */
  readonly rows: readonly string[];
  /** Undefined: both roles. */
  readonly role?: Role | undefined;
  /** Undefined: every backend. */
  readonly backend?: string | undefined;
  /** Whether it is about a suite's cell with connection IDs or the one without; undefined: both. */
  readonly connectionIds?: boolean | undefined;
  /**
   * `lacks`: the peer does not have it, and says so itself when asked, which is checked. `fails`: it has it, and the cell is tried
   * and must fail, so that we hear of it when it begins to work.
   */
  readonly kind: 'lacks' | 'fails';
  /** One line, for the page. */
  readonly reason: string;
}

/** What a peer rejects with when it is asked for what it has no option or no code for. */
export class PeerLacks extends Error {}

/** An implementation that this project did not write. */
export interface Peer {
  /** Its folder in `interop/peers`, with a word more where the folder has several. */
  readonly name: string;
  /** Its name, for people. */
  readonly title: string;
  /** How to get what is missing, in one line. */
  readonly howToGet: string;
  readonly gaps: readonly Gap[];
  /** Finds the peer, builds what has to be built, and says its version; undefined when it is not installed. */
  find(): string | undefined | Promise<string | undefined>;
}

/**
 * How a peer is to speak DTLS. What is undefined is as the peer has it by default; the key and the identity are always those of
 * the tests. A peer throws {@link PeerLacks} for what it cannot do.
 */
export interface PeerSetup {
  /** The only suite; undefined: all that it has. */
  readonly suite?: number | undefined;
  /** The only version; undefined: DTLS 1.2. */
  readonly version?: 'DTLS 1.0' | 'DTLS 1.2' | undefined;
  /** A server's identity hint. */
  readonly hint?: string | undefined;
  /** Bytes of its datagrams. */
  readonly mtu?: number | undefined;
  /** A server does not ask for a cookie. */
  readonly withoutCookies?: boolean | undefined;
  /** RFC 6066 §4, bytes: what a client asks for. */
  readonly maxFragmentLength?: 512 | 1024 | 2048 | 4096 | undefined;
  /** RFC 7627: the peer neither offers nor takes it. */
  readonly withoutExtendedMasterSecret?: boolean | undefined;
  /** RFC 7366. True: a peer that does not have it lacks what is tried; false: the peer neither offers nor takes it. */
  readonly encryptThenMac?: boolean | undefined;
  /** RFC 9146: bytes of the connection ID that the peer wants to receive, 0 to 32; undefined: it has connection IDs turned off. */
  readonly connectionIdLength?: number | undefined;
  /** The only way of resumption. */
  readonly resumption?: Resumption | undefined;
  /** A client keeps its session in this file, and offers what is in there. */
  readonly sessionFile?: string | undefined;
}

/** RFC 5077; RFC 5246 §7.3. */
export type Resumption = 'ticket' | 'session ID';

/** A peer that runs, and what a test can do with its end of the association. */
export interface Conversation extends AsyncDisposable {
  /** Resolves when the peer shows that it has received this line, or at once if it shows that by sending it back. */
  received(line: string): Promise<void>;
  /** Makes the peer send a line; undefined when it sends back what it receives and nothing else. */
  readonly say: ((line: string) => void) | undefined;
  /**
   * Resolves when the peer shows that its handshake is complete, the `nth` one of a server that has served others before, with
   * whether it says that the handshake has resumed a session. @throws PeerLacks it does not say.
   */
  resumed(nth?: number): Promise<boolean>;
  /** Makes the peer end the association with close_notify. @throws PeerLacks */
  end(): void;
  /** Resolves when the peer shows that our close_notify has arrived. @throws PeerLacks it shows nothing of it. */
  sawEnd(): Promise<void>;
  /** Resolves when the peer shows that the handshake has failed, with the number of the alert that it has received, if any. */
  refused(): Promise<number | undefined>;
}

/** A peer that speaks plain DTLS, so that the same cells can be tried with each. */
export interface DtlsPeer extends Peer {
  /** A server of it that cuts its messages into fragments. Default: datagrams of 256 bytes and a hint that fills one. */
  readonly fragments?: PeerSetup | undefined;
  /** Whether every suite is tried with connection IDs as well. Called after `find`. Default: no, it has none. */
  hasConnectionIds?(): boolean;
  /** The suites that it says it has, by number. Called after `find`. */
  suites(): ReadonlySet<number>;
  /** Starts it as a server, and resolves when it listens on the port. */
  serve(port: number, setup: PeerSetup): Promise<Conversation>;
  /** Starts it as a client that connects to the port. */
  connect(port: number, setup: PeerSetup): Conversation;
}
