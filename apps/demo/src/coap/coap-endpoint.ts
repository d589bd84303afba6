import type { Socket } from 'node:dgram';
import { isIPv6 } from 'node:net';
import { type Clock, systemClock } from '@avs-net/core';
import type { CoapRequestParams, IncomingMessage, OutgoingMessage } from 'coap';
import { ObserveReadStream, ObserveWriteStream } from 'coap';
import { GuardedAgent, GuardedServer, guardSocket } from './guards.js';
import {
  type Answer,
  CoapClosedError,
  CoapTimeoutError,
  type IncomingRequest,
  type MessageNumbers,
  type Observer,
  type OutgoingRequest,
  type Peer,
  type Response,
  type ResumedObservation,
} from './messages.js';
import { readRequest, readResponse, toPacket, toParams, writeHead } from './translation.js';

/** MAX_TRANSMIT_WAIT, ms: how long the sender of a confirmable message waits for an acknowledgement. RFC 7252 §4.8.2. */
export const maxTransmitWait = 93_000;

/** The largest payload of one message; what is longer goes in blocks. RFC 7252 §4.6. */
const largestPayload = 1_024;

/** How a {@link CoapEndpoint} is set up. */
export interface CoapEndpointOptions {
  /** Answers a request; called synchronously, and must not throw. */
  handle(request: IncomingRequest): Answer;
  /** Milliseconds until a request without an answer is given up. Default {@link maxTransmitWait}. */
  readonly timeout?: number | undefined;
  readonly clock?: Clock | undefined;
  /** Told of datagrams that could not be sent. */
  readonly sendFailed?: ((error: Error) => void) | undefined;
  /** The one peer of the socket, known by this address wherever it is. Default: peers are known by where their datagrams come from. */
  readonly peer?: Peer | undefined;
  /** Where numbers come from, for a peer who knows those of an earlier endpoint. Default: the endpoint's own. */
  readonly numbers?: MessageNumbers | undefined;
}

/** An observation of a resource of the peer. */
export interface ObservedResource {
  readonly response: Response;
  /** Undefined if the peer did not begin an observation, as `response` then says or its lack of an Observe option means. */
  readonly observation: RunningObservation | undefined;
}

/** An observation of a resource of the peer that has begun. */
export interface RunningObservation {
  /** Asks the peer to end it. */
  cancel(): Promise<Response>;
  /** Notifications come over another endpoint from now on, where the same peer is known as `peer`. The first one may be closed. */
  moveTo(endpoint: CoapEndpoint, peer: Peer): void;
}

/**
 * Both roles of CoAP on one datagram socket: requests go out, and the peer's are answered. Message reliability, deduplication,
 * observation and block-wise transfer are node-coap's. The socket stays its owner's: close the endpoint first, then the socket.
 */
export class CoapEndpoint {
  readonly #agent: GuardedAgent;
  readonly #server: GuardedServer;
  readonly #options: CoapEndpointOptions;
  readonly #clock: Clock;
  readonly #pending = new Set<(error: Error) => void>();
  readonly #observers = new Set<Observer>();
  #resuming: ((stream: ObserveWriteStream) => void) | undefined;
  #closed = false;

  constructor(socket: Socket, options: CoapEndpointOptions) {
    this.#options = options;
    this.#clock = options.clock ?? systemClock;
    const failed = (error: Error): void => options.sendFailed?.(error);
    const { peer, numbers } = options;
    this.#agent = new GuardedAgent({ socket: guardSocket(socket, { report: true, failed, peer }) }, numbers);
    this.#server = new GuardedServer();
    // Errors of the socket are its owner's business; both would throw them if nobody listened.
    this.#agent.on('error', () => {});
    this.#server.on('error', () => {});
    this.#server.on('request', (request: IncomingMessage, response: OutgoingMessage | ObserveWriteStream) => {
      if (this.#resuming !== undefined && response instanceof ObserveWriteStream) this.#resuming(response);
      else this.#answer(request, response);
    });
    this.#server.listen(guardSocket(socket, { report: false, failed, peer }));
  }

  /**
   * Sends a confirmable request and waits for its response, whatever its code.
   * @throws CoapTimeoutError, CoapClosedError; an error of the socket; the signal's reason.
   */
  async request(request: OutgoingRequest): Promise<Response> {
    return (await this.#exchange(request, {})).response;
  }

  /** Sends a GET that observes. `notified` gets every notification after the response. @throws as `request`. */
  async observe(request: OutgoingRequest, notified: (response: Response) => void): Promise<ObservedResource> {
    const { response, message, sent } = await this.#exchange(request, { observe: true });
    if (!(message instanceof ObserveReadStream)) return { response, observation: undefined };
    let first = true;
    message.on('data', (payload: Buffer) => {
      if (!first) notified({ ...readResponse(message), payload: new Uint8Array(payload) });
      first = false;
    });
    const stop = (): void => {
      message.pause();
      message.removeAllListeners('data');
      message.close();
    };
    if (message.headers.Observe === undefined || !response.code.startsWith('2.')) {
      stop();
      return { response, observation: undefined };
    }
    const { token } = sent._packet;
    let at: CoapEndpoint = this;
    let present = request;
    message.once('close', () => at.#agent.forget(sent));
    const cancel = async (): Promise<Response> => {
      stop();
      return (await at.#exchange(present, { observe: 1, ...(token !== undefined && { token }) })).response;
    };
    const moveTo = (endpoint: CoapEndpoint, peer: Peer): void => {
      at.#agent.giveAway(sent, endpoint.#agent, peer);
      at = endpoint;
      present = { ...request, peer };
    };
    return { response, observation: { cancel, moveTo } };
  }

  /**
   * Goes on with an observation that the peer began over an earlier endpoint, as if its request had come here and been answered.
   * @throws CoapClosedError
   */
  resume(observation: ResumedObservation): Observer {
    if (this.#closed) throw new CoapClosedError();
    let observer: Observer | undefined;
    this.#resuming = (stream) => {
      // Not its first message: with that one node-coap would acknowledge the request.
      stream._counter = 1;
      observer = this.#observer(stream);
    };
    const { host, port } = observation.peer;
    this.#server._handle(toPacket(observation), { address: host, port, family: isIPv6(host) ? 'IPv6' : 'IPv4' });
    this.#resuming = undefined;
    if (observer === undefined) throw new TypeError('node-coap did not take the request');
    return observer;
  }

  /** Gives up everything that is under way and forgets all observers. Idempotent. */
  close(cause?: unknown): void {
    if (this.#closed) return;
    this.#closed = true;
    for (const reject of [...this.#pending]) reject(new CoapClosedError({ cause }));
    for (const observer of [...this.#observers]) observer.end();
    this.#agent.close();
    this.#server.close();
  }

  #exchange(
    request: OutgoingRequest,
    extra: CoapRequestParams,
  ): Promise<{ response: Response; message: IncomingMessage; sent: OutgoingMessage }> {
    const { signal, timeout = this.#options.timeout ?? maxTransmitWait } = request;
    return new Promise((resolve, reject) => {
      if (this.#closed) throw new CoapClosedError();
      signal?.throwIfAborted();
      const sent = this.#agent.request(toParams(request, extra));
      let settled = false;
      const settle = (): boolean => {
        const first = !settled;
        settled = true;
        this.#pending.delete(fail);
        this.#clock.clearTimeout(timer);
        signal?.removeEventListener('abort', abort);
        return first;
      };
      const fail = (error: Error): void => {
        if (!settle()) return;
        this.#agent.abort(sent);
        // A send that fails after this would otherwise throw: abort takes the sender's listeners away.
        sent.sender.on('error', () => {});
        reject(error);
      };
      const abort = (): void => fail(signal?.reason as Error);
      const timer = this.#clock.setTimeout(() => fail(new CoapTimeoutError(timeout)), timeout);
      this.#pending.add(fail);
      signal?.addEventListener('abort', abort);
      sent.on('error', fail);
      sent.on('response', (message: IncomingMessage) => {
        if (settle()) resolve({ response: readResponse(message), message, sent });
      });
      const payload = request.payload ?? new Uint8Array(0);
      if (payload.length > largestPayload) sent.setOption('Block1', Buffer.of(6));
      sent.end(Buffer.from(payload));
    });
  }

  #answer(message: IncomingMessage, response: OutgoingMessage | ObserveWriteStream): void {
    response.on('error', (error: Error) => this.#options.sendFailed?.(error));
    const answer = this.#options.handle(readRequest(message));
    if (!(response instanceof ObserveWriteStream)) {
      writeHead(response, answer);
      const block = message._packet.options?.find(({ name }) => name === 'Block1')?.value;
      if (block !== undefined) response.setOption('Block1', block);
      if (answer.payload === undefined || answer.payload.length === 0) response.end();
      else response.end(Buffer.from(answer.payload));
    } else if (answer.observed === undefined || (answer.payload?.length ?? 0) > largestPayload) {
      // node-coap answers a request to observe without blocks, and puts an Observe option on whatever has a payload.
      response.statusCode = answer.observed === undefined && !answer.code.startsWith('2.') ? answer.code : '5.01';
      response.end();
    } else {
      writeHead(response, answer);
      this.#number(response);
      response.write(Buffer.from(answer.payload ?? []));
      answer.observed(this.#observer(response));
    }
  }

  #observer(stream: ObserveWriteStream): Observer {
    let over = false;
    const observer: Observer = {
      onEnd: undefined,
      notify: (answer) => {
        if (over) return;
        if ((answer.payload?.length ?? 0) > largestPayload) throw new RangeError('too long for a notification');
        writeHead(stream, answer);
        // One sequence of message ids for all that this endpoint sends (RFC 7252 §4.4), and always confirmable, so that an
        // observer who has gone is noticed.
        Object.assign(stream._packet, { messageId: this.#agent._nextMessageId(), confirmable: true, ack: false });
        this.#number(stream);
        stream.write(Buffer.from(answer.payload ?? []));
      },
      end: (code) => {
        if (over) return;
        if (code !== undefined) observer.notify({ code });
        stream.end();
        ended();
      },
    };
    const ended = (): void => {
      if (over) return;
      over = true;
      this.#observers.delete(observer);
      observer.onEnd?.();
    };
    stream.on('finish', ended);
    this.#observers.add(observer);
    return observer;
  }

  /** Sets the number that node-coap puts on the next notification, which is one more. */
  #number(stream: ObserveWriteStream): void {
    const { numbers } = this.#options;
    if (numbers !== undefined) stream._counter = numbers.nextObserve() - 1;
  }
}
