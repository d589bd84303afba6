import { type AvsError, errnoError, type Receiver } from '../../src/index.js';

/** An association as a view sees it: no more than what the view uses. */
export class FakeAssociation {
  readonly type = 'dtls';
  readonly sent: string[] = [];
  state = 'accepted';
  cleanedUp = false;
  sendError: AvsError | undefined;
  remoteHost: string;
  remotePort: number;
  #receiver: Receiver | undefined;
  readonly #queued: string | undefined;

  constructor(host: string, port: number, queued: string | undefined) {
    this.remoteHost = host;
    this.remotePort = port;
    this.#queued = queued;
  }

  setReceiver(receiver: Receiver | undefined): void {
    if (this.cleanedUp) throw errnoError('EBADF', 'cleaned up');
    this.#receiver = receiver;
    if (this.#queued !== undefined) this.fromPeer(this.#queued);
  }

  fromPeer(text: string): void {
    this.#receiver?.onData(new TextEncoder().encode(text), this.remoteHost, this.remotePort);
  }

  moveTo(host: string, port: number): void {
    this.remoteHost = host;
    this.remotePort = port;
    this.#receiver?.onPeerAddress?.(host, port);
  }

  end(): void {
    this.state = 'shutdown';
    this.#receiver?.onEnd?.();
  }

  fail(error: AvsError): void {
    this.state = 'closed';
    this.#receiver?.onError?.(error);
  }

  async send(data: Uint8Array): Promise<void> {
    if (this.sendError !== undefined) throw this.sendError;
    this.sent.push(new TextDecoder().decode(data));
  }

  async cleanup(): Promise<void> {
    this.cleanedUp = true;
  }
}

/** A listener as a view sees it. */
export class FakeListener {
  readonly type = 'dtls';
  readonly stats = {};
  readonly system = undefined;
  state = 'closed';
  localHost = '';
  localPort = 0;
  readonly #accepted: FakeAssociation[] = [];
  #wake: (() => void) | undefined;
  #failure: AvsError | undefined;

  async bind(host: string, port: number): Promise<void> {
    this.localHost = host;
    this.localPort = port;
    this.state = 'bound';
  }

  get remoteHost(): string {
    throw errnoError('ENOTCONN', 'a listener has no peer');
  }

  connectFrom(host: string, port: number, queued?: string): FakeAssociation {
    const association = new FakeAssociation(host, port, queued);
    this.#accepted.push(association);
    this.#wake?.();
    return association;
  }

  async close(): Promise<void> {
    this.state = 'closed';
    this.#wake?.();
  }

  lose(error: AvsError): void {
    this.#failure = error;
    this.#wake?.();
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<FakeAssociation> {
    while (this.state === 'bound') {
      if (this.#failure !== undefined) throw this.#failure;
      const next = this.#accepted.shift();
      if (next !== undefined) yield next;
      else {
        await new Promise<void>((resolve) => {
          this.#wake = resolve;
        });
      }
    }
  }
}
