import {
  type Admission,
  type AssociationOptions,
  type AvsError,
  alertError,
  type ClientAssociationOptions,
  type ClientEngineFactory,
  type Engine,
  type EngineInfo,
  type EngineSink,
  errnoError,
  type ResumableSession,
  type ServerEngineFactory,
} from '../src/index.js';

// A protocol in plain text with the shape of DTLS: records with epochs, a cookie round, flights with timers, a number that stands
// for the keys. Client: hello, hello with cookie, finished. Server: verify (stateless), hello, finished.

const Type = { alert: 21, handshake: 22, data: 23 } as const;
const Message = { clientHello: 1, serverHello: 2, verify: 3, finished: 20 } as const;
const headerSize = 13;
/** Record header and key number. */
export const overhead = headerSize + 2;
/** What the worst suite of the configuration would take more. */
export const worstOverhead = overhead + 5;

/** One record. Its body begins with the number of the handshake that it belongs to. */
export function record(type: number, epoch: number, id: number, ...body: number[]): Uint8Array {
  const content = [id >>> 8, id & 0xff, ...body];
  const bytes = new Uint8Array(headerSize + content.length);
  bytes.set([type, 0xfe, 0xfd, 0, epoch]);
  bytes.set([content.length >>> 8, content.length & 0xff], 11);
  bytes.set(content, headerSize);
  return bytes;
}

/** A handshake message in epoch 0 keeps its type where DTLS has it: at the start of the fragment. */
export function handshakeRecord(epoch: number, message: number, id: number, ...body: number[]): Uint8Array {
  const bytes = record(Type.handshake, epoch, 0, id >>> 8, id & 0xff, ...body);
  bytes[headerSize] = message;
  return bytes;
}

/** A ClientHello, with a cookie or without. Its padding leaves room for an answer that is no longer. */
export function clientHello(id: number, cookie = 0): Uint8Array {
  return handshakeRecord(0, Message.clientHello, id, cookie, 0, 0, 0);
}

/** The cookie of an address: not 0. */
function cookieFor(peer: Uint8Array): number {
  return (peer.reduce((sum, byte) => (sum * 31 + byte) % 251, 7) % 251) + 1;
}

/** What a test can make engines do, and what it can see of them. */
export interface FakeBehaviour {
  /** The server refuses clients with this alert. */
  refuseWith?: number;
  /** The server waits for this before it answers a ClientHello. */
  resolve?: () => Promise<void>;
  /** What both sides give to `session`: before `established`, or after it. */
  session?: { readonly state: Uint8Array; readonly when: 'before' | 'after' };
  /** What becomes of those, in order. */
  sessions?: string[];
  /** What both sides say of it. Default true. */
  extendedMasterSecret?: boolean;
  /** Engines throw this from `receive` once established. */
  breakWith?: Error;
}

abstract class FakeEngine implements Engine {
  info: EngineInfo | undefined;
  nextTimeout: number | undefined;
  destroyed = false;
  /** Calls after destroy, or into an engine that is at work: what a shell must not do. */
  misuse: string[] = [];
  protected id = 0;
  protected flight: Uint8Array | undefined;
  protected now = 0;
  #wait = 0;
  #depth = 0;
  #closed = false;
  #over = false;

  constructor(
    protected readonly sink: EngineSink,
    readonly options: AssociationOptions,
    protected readonly behaviour: FakeBehaviour,
  ) {}

  abstract start(now: number): void;
  protected abstract handshake(epoch: number, message: number, id: number, body: Uint8Array): void;

  receive(datagram: Uint8Array, now: number): void {
    this.#enter('receive', now, () => {
      const length = ((datagram[11] ?? 0) << 8) | (datagram[12] ?? 0);
      if (datagram.length < overhead || length !== datagram.length - headerSize) return this.sink.dropped('malformed');
      if (this.info && this.behaviour.breakWith) throw this.behaviour.breakWith;
      const body = datagram.slice(headerSize);
      const epoch = datagram[4] ?? 0;
      if (datagram[0] === Type.handshake) {
        return this.handshake(epoch, body[0] ?? 0, ((body[2] ?? 0) << 8) | (body[3] ?? 0), body.subarray(4));
      }
      const id = ((body[0] ?? 0) << 8) | (body[1] ?? 0);
      if (id !== this.id) return this.sink.dropped('unauthenticated');
      if (datagram[0] === Type.alert) return this.#alert(body[2] ?? 0, body[3] ?? 0);
      if (!this.info) return this.sink.dropped('unexpected');
      this.sink.deliver(body.slice(2));
      datagram.fill(0xee);
    });
  }

  send(plaintext: Uint8Array): void {
    if (this.destroyed) this.misuse.push('send after destroy');
    if (!this.info || this.#closed || this.#over) throw errnoError('ENOTCONN', 'not established');
    if (plaintext.length > this.maxPlaintext(this.options.maxDatagramSize)) throw errnoError('EMSGSIZE', 'too long');
    this.sink.transmit(record(Type.data, 1, this.id, ...plaintext));
  }

  handleTimeout(now: number): void {
    this.#enter('handleTimeout', now, () => {
      this.work();
      if (this.nextTimeout === undefined || now < this.nextTimeout || !this.flight) return;
      if (this.#wait >= this.options.handshakeTimeouts.max) {
        return this.over(errnoError('ETIMEDOUT', 'the handshake timers ran out'));
      }
      this.#wait = Math.min(this.#wait * 2, this.options.handshakeTimeouts.max);
      this.nextTimeout = now + this.#wait;
      this.sink.retransmitted();
      this.sink.transmit(this.flight);
    });
  }

  close(): void {
    if (this.destroyed) this.misuse.push('close after destroy');
    if (this.#closed || this.#over) return;
    this.#closed = true;
    this.alertOut(1, 0);
  }

  destroy(): void {
    if (this.#depth > 0) this.misuse.push('destroy of an engine at work');
    this.destroyed = true;
    this.nextTimeout = undefined;
  }

  exportKeyingMaterial(length: number): Uint8Array {
    if (this.destroyed) this.misuse.push('export after destroy');
    return new Uint8Array(length).fill(this.id);
  }

  maxPlaintext(size: number): number {
    return Math.max(0, size - (this.info ? overhead : worstOverhead));
  }

  protected work(): void {}

  protected sendFlight(flight: Uint8Array): void {
    this.flight = flight;
    this.#wait = this.options.handshakeTimeouts.min;
    this.nextTimeout = this.now + this.#wait;
    this.sink.transmit(flight);
  }

  protected complete(resumed: boolean, serverName: string | undefined): void {
    this.nextTimeout = undefined;
    this.info = {
      version: '1.2',
      ciphersuite: 0xc0a8,
      resumed,
      extendedMasterSecret: this.behaviour.extendedMasterSecret ?? true,
      encryptThenMac: false,
      pskIdentity: undefined,
      pskIdentityHint: undefined,
      serverName,
      connectionId: undefined,
      peerConnectionId: undefined,
      returnRoutabilityCheck: false,
      maxFragmentLength: 16_384,
      flights: 2,
      retransmissions: 0,
    };
    const { session } = this.behaviour;
    if (session?.when === 'before') this.sink.session(this.#resumable(session.state));
    this.sink.established();
    if (session?.when === 'after') this.sink.session(this.#resumable(session.state));
  }

  #resumable(state: Uint8Array): ResumableSession {
    const { sessions } = this.behaviour;
    const kept = state.slice();
    sessions?.push('made');
    return {
      store: () => {
        sessions?.push('stored');
        return kept.slice();
      },
      destroy: () => {
        sessions?.push('destroyed');
        kept.fill(0);
      },
    };
  }

  protected alertOut(level: number, description: number): void {
    this.sink.transmit(record(Type.alert, this.info ? 1 : 0, this.id, level, description));
    this.sink.alert({ direction: 'sent', level, description });
  }

  protected over(error?: AvsError): void {
    if (this.#over) return;
    this.#over = true;
    this.nextTimeout = undefined;
    this.sink.closed(error);
  }

  #alert(level: number, description: number): void {
    const alert = { direction: 'received', level, description } as const;
    this.sink.alert(alert);
    if (description !== 0) return this.over(alertError(alert));
    this.close();
    this.over();
  }

  #enter(call: string, now: number, run: () => void): void {
    if (this.destroyed) this.misuse.push(`${call} after destroy`);
    if (this.#depth > 0) this.misuse.push(`${call} into an engine at work`);
    this.#depth += 1;
    this.now = now;
    try {
      if (!this.#over) run();
    } finally {
      this.#depth -= 1;
    }
  }
}

class FakeClient extends FakeEngine {
  constructor(
    sink: EngineSink,
    readonly client: ClientAssociationOptions,
    behaviour: FakeBehaviour,
    id: number,
  ) {
    super(sink, client, behaviour);
    this.id = id;
  }

  start(now: number): void {
    this.now = now;
    this.sendFlight(clientHello(this.id));
  }

  protected handshake(epoch: number, message: number, id: number, body: Uint8Array): void {
    if (id !== this.id || this.info) return this.sink.dropped('unexpected');
    if (message === Message.verify) this.sendFlight(clientHello(this.id, body[0]));
    else if (message === Message.serverHello) this.sendFlight(handshakeRecord(1, Message.finished, id));
    else if (message === Message.finished && epoch === 1) {
      this.complete(this.client.session !== undefined, this.client.serverName);
    }
  }
}

class FakeServer extends FakeEngine {
  #isResolved = false;

  start(): void {}

  protected handshake(epoch: number, message: number, id: number): void {
    if (message === Message.clientHello && this.id === 0) {
      this.id = id;
      const { resolve, refuseWith } = this.behaviour;
      if (refuseWith !== undefined) {
        this.alertOut(2, refuseWith);
        return this.over(alertError({ direction: 'sent', level: 2, description: refuseWith }));
      }
      if (resolve === undefined) return this.sendFlight(handshakeRecord(0, Message.serverHello, id));
      resolve().then(() => {
        this.#isResolved = true;
        this.sink.wake();
      });
      return;
    }
    if (id !== this.id) return this.sink.dropped('unauthenticated');
    if (message === Message.clientHello && this.flight && !this.info) return this.sink.transmit(this.flight);
    if (message !== Message.finished || epoch !== 1) return this.sink.dropped('unexpected');
    this.sink.transmit(handshakeRecord(1, Message.finished, id));
    if (!this.info) this.complete(false, undefined);
  }

  protected override work(): void {
    if (!this.#isResolved) return;
    this.#isResolved = false;
    this.sendFlight(handshakeRecord(0, Message.serverHello, this.id));
  }
}

/** Client engines, all that were made, and what they were told. */
export class FakeClientFactory implements ClientEngineFactory {
  readonly engines: FakeClient[] = [];
  destroyed = 0;

  constructor(
    readonly behaviour: FakeBehaviour = {},
    /** Of the first handshake; each later one is one more. */
    public nextId = 1,
  ) {}

  createClient(sink: EngineSink, options: ClientAssociationOptions): FakeEngine {
    const engine = new FakeClient(sink, options, this.behaviour, this.nextId);
    this.nextId += 1;
    this.engines.push(engine);
    return engine;
  }

  maxPlaintext(size: number): number {
    return Math.max(0, size - worstOverhead);
  }

  destroy(): void {
    this.destroyed += 1;
  }
}

/** Server engines, all that were made. */
export class FakeServerFactory implements ServerEngineFactory {
  readonly minDatagramSize = worstOverhead;
  readonly engines: FakeEngine[] = [];
  destroyed = 0;

  constructor(readonly behaviour: FakeBehaviour = {}) {}

  admit(datagram: Uint8Array, peer: Uint8Array): Admission {
    if (datagram[0] !== Type.handshake || datagram[13] !== Message.clientHello) {
      return { action: 'drop', reason: 'unexpected' };
    }
    const handshakeId = ((datagram[15] ?? 0) << 8) | (datagram[16] ?? 0);
    const cookie = cookieFor(peer);
    if (datagram[17] !== cookie) {
      return { action: 'reply', datagram: handshakeRecord(0, Message.verify, handshakeId, cookie) };
    }
    return {
      action: 'accept',
      handshakeId,
      create: (sink, options) => {
        const engine = new FakeServer(sink, options, this.behaviour);
        this.engines.push(engine);
        return engine;
      },
    };
  }

  maxPlaintext(size: number): number {
    return Math.max(0, size - worstOverhead);
  }

  destroy(): void {
    this.destroyed += 1;
  }
}
