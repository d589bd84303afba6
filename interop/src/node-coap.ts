import { once } from 'node:events';
import { createRequire } from 'node:module';
import type { Backend, DtlsListener, SecureSocket } from '@avs-net/core';
import { type DgramView, dgramView } from '@avs-net/core/node';
import * as coap from 'coap';

/** The version of node-coap. */
export const coapVersion = (createRequire(import.meta.url)('coap/package.json') as { readonly version: string })
  .version;

type Agent = InstanceType<typeof coap.Agent>;
type IncomingMessage = coap.IncomingMessage;

/** A request to a {@link CoapClient}. */
export interface CoapRequest {
  readonly method?: 'GET' | 'PUT' | undefined;
  readonly path: string;
  readonly payload?: Buffer | undefined;
  readonly observe?: boolean | undefined;
}

/** A client of node-coap over a DTLS socket of ours, as a `dgram.Socket`. */
export class CoapClient implements AsyncDisposable {
  readonly socket: SecureSocket;
  readonly #view: DgramView;
  readonly #agent: Agent;
  readonly #port: number;

  private constructor(socket: SecureSocket, port: number) {
    this.socket = socket;
    this.#view = dgramView(socket);
    this.#agent = new coap.Agent({ socket: this.#view });
    this.#port = port;
  }

  /** Connects to the port of loopback. */
  static async connect(
    backend: Backend,
    configuration: Parameters<Backend['createDtlsSocket']>[0],
    port: number,
  ): Promise<CoapClient> {
    const socket = await backend.createDtlsSocket(configuration);
    try {
      await socket.connect('127.0.0.1', port);
    } catch (error) {
      await socket.cleanup();
      throw error;
    }
    return new CoapClient(socket, port);
  }

  /** The answer. One that observes is a stream of its notifications, the first one included. */
  async request({ method = 'GET', path, payload, observe = false }: CoapRequest): Promise<IncomingMessage> {
    const request = this.#agent.request({ hostname: '127.0.0.1', port: this.#port, method, pathname: path, observe });
    // Without a Block1 option node-coap would send any payload as one message.
    if (payload !== undefined && payload.length > 1_024) request.setOption('Block1', Buffer.of(6));
    const answered = once(request, 'response');
    request.end(payload);
    const [response] = (await answered) as [IncomingMessage];
    return response;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    // The agent does not close a socket that it was given.
    this.#agent.close();
    await new Promise<void>((resolve) => {
      this.#view.close(resolve);
    });
    await this.socket.cleanup();
  }
}

/** A server of node-coap over a listener of ours, as a `dgram.Socket`: what is put to a path can be had from it, and observed. */
export class CoapServer implements AsyncDisposable {
  readonly listener: DtlsListener;
  readonly #server = coap.createServer({ type: 'udp4' });
  readonly #view: DgramView;
  readonly #values = new Map<string, Buffer>([['/hello', Buffer.from('hello from node-coap')]]);
  readonly #observers = new Map<string, coap.ObserveWriteStream[]>();

  private constructor(listener: DtlsListener) {
    this.listener = listener;
    this.#view = dgramView(listener);
    this.#server.on('request', (request: IncomingMessage, response: coap.OutgoingMessage) => {
      this.#answer(request, response);
    });
  }

  /** Listens on a free port of loopback. */
  static async listen(
    backend: Backend,
    configuration: Parameters<Backend['createDtlsListener']>[0],
  ): Promise<CoapServer> {
    const listener = await backend.createDtlsListener(configuration);
    await listener.bind('127.0.0.1', 0);
    const server = new CoapServer(listener);
    server.#server.listen(server.#view);
    return server;
  }

  get port(): number {
    return this.listener.localPort;
  }

  /** How many observe a path. */
  observers(path: string): number {
    return this.#observers.get(path)?.length ?? 0;
  }

  /** What a path gives. */
  get(path: string): Buffer | undefined {
    return this.#values.get(path);
  }

  /** What a path gives from now on; those who observe it are told. */
  set(path: string, value: Buffer): void {
    this.#values.set(path, value);
    for (const observer of this.#observers.get(path) ?? []) observer.write(value);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const observer of [...this.#observers.values()].flat()) observer.end();
    // node-coap acknowledges from a timer what it could not answer, even after its end; on a closed socket that would throw.
    this.#view.send = () => undefined;
    await new Promise<void>((resolve) => {
      this.#server.close(() => resolve());
    });
    await this.listener.cleanup();
  }

  #answer(request: IncomingMessage, response: coap.OutgoingMessage): void {
    const path = request.url.split('?', 1)[0] ?? '';
    if (request.method === 'PUT') {
      this.set(path, request.payload);
      response.code = '2.04';
      const block = request._packet.options?.find(({ name }) => name === 'Block1')?.value;
      if (block !== undefined) response.setOption('Block1', block);
      response.end();
      return;
    }
    const value = this.#values.get(path) ?? Buffer.from('nothing');
    if (response instanceof coap.ObserveWriteStream) {
      const all = this.#observers.get(path) ?? [];
      this.#observers.set(path, [...all, response]);
      response.write(value);
    } else response.end(value);
  }
}
