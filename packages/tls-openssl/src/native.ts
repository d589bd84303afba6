import { createRequire } from 'node:module';
import { fileURLToPath } from 'node:url';
import { type AvsError, errnoError } from '@avs-net/core';
import { Exchange } from './exchange.js';
import { type NativeUdp, type UdpExports, udpOf } from './native-udp.js';

/** DTLS versions as on the wire. RFC 4347 §4.1, RFC 6347 §4.1. */
export const WireVersion = { dtls10: 0xfeff, dtls12: 0xfefd } as const;

/** What an association can be resumed with. */
export interface KeptSession {
  /** Never empty on a server. */
  readonly sessionId: Uint8Array;
  /** Secret, in OpenSSL's own form. */
  readonly state: Uint8Array;
  /** What the ticket says of its lifetime, seconds; 0: nothing. RFC 5077 §3.3. */
  readonly lifetimeHint: number;
  /** A client's: the session that was offered, and no ticket has come in its place. */
  readonly isOffered: boolean;
}

/** What a {@link NativeContext} is made with. Bytes are copied. */
export interface ContextOptions {
  readonly server: boolean;
  /** One of {@link WireVersion}. Default: DTLS 1.2. */
  readonly lowestVersion?: number | undefined;
  readonly highestVersion?: number | undefined;
  /** OpenSSL's names in order of preference, with colons between them. */
  readonly ciphersuites: string;
  readonly keyLog?: boolean | undefined;
  /** A client's; neither holds a zero byte where OpenSSL would stop at it. */
  readonly identity?: Uint8Array | undefined;
  readonly key?: Uint8Array | undefined;
  /** A server's. */
  readonly identityHint?: Uint8Array | undefined;
  /** A client's: the code on the wire, 0 for none. RFC 6066 §4. */
  readonly maxFragmentLength?: number | undefined;
  /** A client's: go on with a server that does not know renegotiation_info. RFC 5746 §4.1. */
  readonly legacyServers?: boolean | undefined;
  /** A server's: the client's order of ciphersuites decides, not its own. */
  readonly clientOrder?: boolean | undefined;
  /** A server's: what its tickets say of their lifetime, seconds. */
  readonly sessionLifetime?: number | undefined;
  /** The first {@link Native.randomCapacity} bytes that its associations draw their randomness from. Without: OpenSSL's own generator. */
  readonly random?: Uint8Array | undefined;
}

/** A shared SSL_CTX. Making one throws an Error whose `code` is OpenSSL's. */
export interface NativeContext {
  /** How many bytes of randomness there is room for; 0 without a source of its own. */
  randomWanted(): number;
  /** Takes bytes from the caller's source, to be used in this order. */
  giveRandom(bytes: Uint8Array): void;
  destroy(): void;
}

/** An SSL object. Operations return bits of {@link Native.progress}; nothing is called back. Throws after `destroy`. */
export interface NativeAssociation {
  /** False: OpenSSL refuses the server name or the size. */
  configure(maxDatagramSize: number, copies: number, serverName: string): boolean;
  /**
   * Valid for this identity and this name only. An empty name: the client sent none; an empty key: there is none. `owner` goes into the
   * session, for `considerSession` and `considerTicket`.
   */
  setPeerKey(identity: Uint8Array, serverName: string, key: Uint8Array, owner: Uint8Array): void;
  /**
   * Server, before the first operation: lets the client resume later, by session ID if `byId`, by ticket if `ticketKey` is a name of 16
   * bytes and two keys of 32; empty: none. From then on a ClientHello that offers a session waits: see `sessionOffered` of
   * {@link Native.progress}.
   */
  allowResumption(byId: boolean, ticketKey: Uint8Array): void;
  /** Gives what the ClientHello offers that waits: {@link Exchange.offer}. */
  sessionOffered(): void;
  /** Client, before the first operation: offers a session. False: these bytes are none. */
  offerSession(state: Uint8Array): boolean;
  /**
   * Server, while the ClientHello waits: whose the session in these bytes is, a copy, and holds it ready for `decide`; undefined: they are no
   * session, or it has no owner.
   */
  considerSession(state: Uint8Array): Uint8Array | undefined;
  /** As `considerSession`, with the session in the client's ticket, if this is the ticket key that it was sealed with. */
  considerTicket(key: Uint8Array): Uint8Array | undefined;
  /** Server, while the ClientHello waits, and `proceed` after it: resumes the session that was considered last, or none. False: none is. */
  decide(resume: boolean): boolean;
  /**
   * What the established association can be resumed with; undefined: nothing, or it must not be (RFC 7627 §5.3), or a server's client has it in
   * a ticket.
   */
  takeSession(): KeptSession | undefined;
  /** As every operation: the datagrams to send are in {@link Native.exchange}, see {@link Exchange.datagrams}. */
  proceed(): number;
  /** What {@link Exchange.receive} and {@link Exchange.protect} know it by; none is given twice before 2 ** 32 others were. */
  handle(): number;
  /** RFC 5705, or undefined when OpenSSL refuses; `error` tells why. */
  exportKeyingMaterial(length: number, label: string, context: Uint8Array | undefined): Uint8Array | undefined;
  close(): number;
  /** Gives up on the handshake and tells the peer. */
  abandon(): number;
  /** Gives the datagrams that there was no room for, as many as there is room for now. */
  moreDatagrams(): number;
  takePlaintexts(): Uint8Array[];
  /** Each is sent << 16 | level << 8 | description. */
  takeAlerts(): number[];
  takeKeyLog(): string[];
  /** One count for each of the reasons that `dropReasons` lists, in its order. */
  takeDrops(): number[];
  error(): LibraryFailure;
  /** Gives {@link Exchange.negotiated}. */
  negotiated(): void;
  /** The records of a repetition of the present flight; empty if there is none. */
  copy(index: number): Uint8Array;
  destroy(): void;
}

/** An entry of OpenSSL's error queue; code 0 when it was empty. */
export interface LibraryFailure {
  readonly code: number;
  readonly text: string;
}

/** What became of a stranger's datagram. */
export const AdmitOutcome = { dropped: 0, replied: 1, accepted: 2 } as const;

/** The stateless exchange before an association. */
export interface NativeCookieExchange {
  /**
   * Takes a datagram of so many bytes and a subject from {@link Native.exchange}, one behind the other. The lower 8 bits are one of
   * {@link AdmitOutcome}, those above the length of the reply, which it gives there.
   */
  admit(length: number, subjectLength: number, proven: boolean): number;
  takeAssociation(): NativeAssociation | undefined;
  rotateSecret(): void;
  destroy(): void;
}

/** What the addon exports, with a view on the memory that it shares. */
export interface Native {
  readonly Context: new (options: ContextOptions) => NativeContext;
  readonly Association: new (context: NativeContext) => NativeAssociation;
  readonly CookieExchange: new (context: NativeContext) => NativeCookieExchange;
  readonly progress: Readonly<Record<ProgressBit, number>>;
  /** Bytes of a context's own randomness that are held ready: more than any operation takes. */
  readonly randomCapacity: number;
  readonly exchange: Exchange;
  /** UDP of its own; undefined: the addon is built without. */
  readonly udp: NativeUdp | undefined;
  /** How many repetitions of a flight there can be. */
  readonly mostCopies: number;
  /** Of the OpenSSL in this process, such as `3.0.19`. */
  readonly version: string;
  /** The PSK suites of that OpenSSL, by number and by OpenSSL's name. */
  readonly ciphersuites: readonly { readonly number: number; readonly name: string }[];
}

type ProgressBit =
  | 'hasDatagrams'
  | 'moreDatagrams'
  | 'hasPlaintexts'
  | 'hasAlerts'
  | 'hasKeyLog'
  | 'hasDrops'
  | 'established'
  | 'flightBegun'
  | 'flightPending'
  | 'flightSent'
  | 'peerClosed'
  | 'failed'
  | 'sessionOffered';

/** What the addon exports, as it does. */
interface Addon extends Omit<Native, 'exchange' | 'udp'>, UdpExports {
  readonly exchange: Uint8Array;
  readonly receive: () => void;
  readonly protect: () => void;
  readonly exchangeIn: number;
  readonly exchangeNumbers: Int32Array;
}

/** What loading the addon came to. */
export type Loaded = { readonly native: Native; readonly error?: undefined } | { readonly error: AvsError };

/**
 * Loads the addon: one that was built here, else the published binary of this platform. Does not throw, so that the package can be
 * imported and its `capabilities` asked anywhere.
 */
export function loadNative(load: () => unknown = loadAddon): Loaded {
  try {
    const { exchange, exchangeIn, exchangeNumbers, receive, protect, ...native } = load() as Addon;
    const shared = new Exchange(exchange, exchangeIn, exchangeNumbers, receive, protect);
    return { native: { ...native, exchange: shared, udp: udpOf(native) } };
  } catch (error) {
    return { error: errnoError('ENOTSUP', explain(error), { cause: error }) };
  }
}

function loadAddon(): unknown {
  const require = createRequire(import.meta.url);
  const nodeGypBuild = require('node-gyp-build') as (directory: string) => unknown;
  return nodeGypBuild(fileURLToPath(new URL('../native', import.meta.url)));
}

function explain(error: unknown): string {
  const text = error instanceof Error ? (error.message.split('\n', 1)[0] ?? '') : String(error);
  const otherwise = 'Without it use @avs-net/tls-pure, which needs no addon';
  if (/undefined symbol|symbol not found|procedure could not be found/i.test(text)) {
    return (
      'this runtime does not export the OpenSSL symbols that @avs-net/tls-openssl needs (Electron has BoringSSL instead, some builds ' +
      `of Node hide theirs): ${text}. ${otherwise}`
    );
  }
  return (
    `the addon of @avs-net/tls-openssl could not be loaded for ${process.platform} ${process.arch}: ${text}. There is no binary for ` +
    'this platform, or it was not built: install a C++17 compiler (Debian: apt install g++ make python3; macOS: xcode-select ' +
    `--install), then run "npm run build:native" in packages/tls-openssl. ${otherwise}`
  );
}
