import type { RemoteInfo, Socket } from 'node:dgram';
import type { AddressInfo } from 'node:net';
import { Agent, type AgentOptions, type CoapPacket, type OutgoingMessage, registerOption, Server } from 'coap';
import type { MessageNumbers, Peer } from './messages.js';

// Agent and Server of node-coap share one socket here, and a peer can do its worst. What they do not defend themselves
// against is fended off in this file: exceptions out of timers and message events, unbounded reassembly, and datagrams
// sent to nobody in particular.

/** The largest body that block-wise transfer puts together, bytes. */
export const largestBody = 65_536;

/** How many bodies may be in transfer at once. */
const largestTransfers = 32;

type Packet = Parameters<Agent['_handle']>[0];

/** Content formats as numbers, known to node-coap or not. */
for (const name of ['Accept', 'Content-Format']) registerOption(name, encodeUint, decodeUint);

/** A number of at most 16 bits as an option has it. RFC 7252 §3.2. */
export function encodeUint(value: unknown): Buffer {
  const number = Number(value);
  return number === 0 ? Buffer.alloc(0) : number < 0x100 ? Buffer.of(number) : Buffer.of(number >> 8, number & 0xff);
}

function decodeUint(value: Buffer): number | null {
  return value.length > 2 ? null : value.reduce((sum, byte) => sum * 256 + byte, 0);
}

/** How a socket is guarded. */
export interface GuardOptions {
  /** A failure to send goes to the callback of `send` as well. */
  readonly report: boolean;
  /** Told of each failure to send. */
  failed(error: Error): void;
  /** The one peer of the socket: it has this address, wherever its datagrams come from. Undefined: whoever is there. */
  readonly peer: Peer | undefined;
}

/**
 * The same socket, but `send` throws nothing. node-coap sends from timers, where an exception would end the process, and the responses
 * that its server makes have no listener for errors. And a peer keeps its address: node-coap knows exchanges by it, but what is at the
 * other end of an association is known by its keys (RFC 7252 §9.1), and with a connection ID its address changes (RFC 9146 §6).
 */
export function guardSocket(socket: Socket, { report, failed, peer }: GuardOptions): Socket {
  const send = (message: Buffer, offset: number, length: number, port: number, host: string, done?: Done): void => {
    const settle: Done = (error, bytes) => {
      if (error !== null) failed(error);
      done?.(report ? error : null, bytes);
    };
    try {
      if (peer === undefined) socket.send(message, offset, length, port, host, settle);
      else socket.send(message, offset, length, settle);
    } catch (error) {
      process.nextTick(settle, error instanceof Error ? error : new Error(String(error)), 0);
    }
  };
  const known = (listener: OnMessage): OnMessage =>
    peer === undefined
      ? listener
      : (message, from) => listener(message, { ...from, address: peer.host, port: peer.port });
  return new Proxy(socket, {
    get(target, key, proxy: Socket) {
      if (key === 'send') return send;
      if (key === 'on') {
        return (event: string, listener: OnMessage): Socket => {
          target.on(event, event === 'message' ? known(listener) : listener);
          return proxy;
        };
      }
      const value: unknown = Reflect.get(target, key, target);
      return typeof value === 'function' ? value.bind(target) : value;
    },
  });
}

type OnMessage = (message: Buffer, from: RemoteInfo) => void;
type Done = (error: Error | null, bytes: number) => void;

/** An agent that a malformed or endless response cannot bring down: the request it answers fails instead. */
export class GuardedAgent extends Agent {
  readonly #numbers: MessageNumbers | undefined;

  constructor(options: AgentOptions, numbers?: MessageNumbers) {
    super(options);
    this.#numbers = numbers;
  }

  override _nextMessageId(): number {
    return this.#numbers?.nextMessageId() ?? super._nextMessageId();
  }

  /** What comes with the token of an observation is the business of another agent from now on, whose peer is at `peer`. */
  giveAway(request: OutgoingMessage, to: GuardedAgent, peer: Peer): void {
    const key = request._packet.token?.toString('hex') ?? '';
    this._tkToReq.delete(key);
    to._tkToReq.set(key, request);
    // The blocks of a notification are asked for through the request's sender.
    Object.assign(request.sender, { _sock: to._sock, _host: peer.host, _port: peer.port });
  }

  override _handle(packet: Packet, sender: AddressInfo, local: AddressInfo): void {
    const request = this._tkToReq.get(packet.token.toString('hex')) ?? this._msgIdToReq.get(packet.messageId);
    try {
      super._handle(packet, sender, local);
    } catch (error) {
      this.#fail(request, error instanceof Error ? error : new Error(String(error)));
    }
    if (request !== undefined && request._totalPayload.length > largestBody) {
      this.#fail(request, new Error(`the response is longer than ${largestBody} bytes`));
    }
  }

  /** Forgets the token of an observation that is over. */
  forget(request: OutgoingMessage): void {
    this._tkToReq.delete(request._packet.token?.toString('hex') ?? '');
  }

  #fail(request: OutgoingMessage | undefined, error: Error): void {
    request?.sender.reset();
    request?.emit('error', error);
  }
}

/** A server that answers what it cannot take, and stays silent where an answer could go astray. */
export class GuardedServer extends Server {
  override _handle(packet: CoapPacket, sender: AddressInfo): void {
    if (this._sock === null) return;
    // An empty confirmable message is a ping (RFC 7252 §4.3), which the agent on the same socket answers.
    if (packet.code === '0.00' && packet.ack !== true && packet.reset !== true) return;
    const refusal = this.#refuseBlock(packet);
    if (refusal === undefined) super._handle(packet, sender);
    else this._sendError(Buffer.alloc(0), sender, packet, refusal);
  }

  /** Replaces node-coap's, which answers to the port alone, without an address. A datagram that is no CoAP gets no answer. */
  override _sendError(_payload: Buffer, sender: AddressInfo, packet?: CoapPacket, code = '5.00'): void {
    if (packet?.messageId === undefined || packet.ack === true || packet.reset === true) return;
    const token = packet.token ?? Buffer.alloc(0);
    if (token.length > 8) return;
    const [codeClass = 5, detail = 0] = code.split('.').map(Number);
    // RFC 7252 §3: version 1; an acknowledgement (2) or a non-confirmable message (1).
    const first = 0x40 | (packet.confirmable === true ? 0x20 : 0x10) | token.length;
    const { messageId } = packet;
    const head = Buffer.of(first, (codeClass << 5) | detail, messageId >> 8, messageId & 0xff);
    const message = Buffer.concat([head, token]);
    (this._sock as Socket | null)?.send(message, 0, message.length, sender.port, sender.address);
  }

  #refuseBlock(packet: CoapPacket): string | undefined {
    const value = packet.options?.find(({ name }) => name === 'Block1')?.value;
    if (value === undefined) return undefined;
    if (value.length > 3) return '4.02';
    const block = value.reduce((sum, byte) => sum * 256 + byte, 0);
    const size = 16 << (block & 7);
    if ((block & 7) === 7) return '4.00';
    if ((block >>> 4) * size + (packet.payload?.length ?? 0) > largestBody) return '4.13';
    const key = packet.token === undefined ? '' : packet.token.toString('hex');
    const known = [...this._block1Cache._cache.keys()].some((one) => one.startsWith(`${key}/`));
    return !known && this._block1Cache._cache.size >= largestTransfers ? '4.13' : undefined;
  }
}
