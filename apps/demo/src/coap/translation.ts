import type { AddressInfo } from 'node:net';
import type { CoapPacket, CoapRequestParams, IncomingMessage, ObserveWriteStream, OutgoingMessage } from 'coap';
import { encodeUint } from './guards.js';
import type { Answer, IncomingRequest, Method, OutgoingRequest, Response, ResumedObservation } from './messages.js';

// Between the messages of node-coap and ours.

/** A request as node-coap takes it. */
export function toParams(request: OutgoingRequest, extra: CoapRequestParams): CoapRequestParams {
  const { method, path, query = [], contentFormat, accept, peer } = request;
  return {
    method,
    hostname: peer.host,
    port: peer.port,
    // Buffers, so that a `/` or `&` within a segment stays within it.
    options: {
      'Uri-Path': path.map((segment) => Buffer.from(segment)),
      'Uri-Query': query.map((part) => Buffer.from(part)),
      ...(contentFormat !== undefined && { 'Content-Format': contentFormat }),
      ...(accept !== undefined && { Accept: accept }),
    },
    ...extra,
  };
}

/** The request that began an observation, as node-coap would have received it. */
export function toPacket({ token, path, accept }: ResumedObservation): CoapPacket {
  const options = [
    { name: 'Observe' as const, value: Buffer.alloc(0) },
    ...path.map((segment) => ({ name: 'Uri-Path' as const, value: Buffer.from(segment) })),
    ...(accept === undefined ? [] : [{ name: 'Accept' as const, value: encodeUint(accept) }]),
  ];
  const flags = { confirmable: true, reset: false, ack: false };
  return { code: '0.01', ...flags, messageId: 0, token: Buffer.from(token, 'hex'), options, payload: Buffer.alloc(0) };
}

/** Puts code, format and location of an answer on a message. */
export function writeHead(
  message: OutgoingMessage | ObserveWriteStream,
  { code, contentFormat, location }: Answer,
): void {
  message.statusCode = code;
  if (contentFormat !== undefined) message.setOption('Content-Format', contentFormat);
  if (location === undefined) return;
  message.setOption(
    'Location-Path',
    location.map((segment) => Buffer.from(segment)),
  );
}

/** A request that node-coap has received. */
export function readRequest(message: IncomingMessage): IncomingRequest {
  const { rsinfo, headers, payload, _packet: packet } = message;
  return {
    method: message.method as Method | undefined,
    path: texts(message, 'Uri-Path'),
    query: texts(message, 'Uri-Query'),
    contentFormat: numberOf(headers['Content-Format']),
    accept: numberOf(headers.Accept),
    observe: numberOf(headers.Observe),
    payload: new Uint8Array(payload),
    token: packet.token?.toString('hex') ?? '',
    peer: { host: (rsinfo as AddressInfo).address, port: rsinfo.port },
  };
}

/** A response that node-coap has received. */
export function readResponse(message: IncomingMessage): Response {
  return {
    code: message.code,
    contentFormat: numberOf(message.headers['Content-Format']),
    payload: new Uint8Array(message.payload),
    location: texts(message, 'Location-Path'),
  };
}

function texts(message: IncomingMessage, option: string): string[] {
  const options = message._packet.options ?? [];
  return options.filter(({ name }) => name === option).map(({ value }) => value.toString());
}

function numberOf(value: unknown): number | undefined {
  return typeof value === 'number' ? value : undefined;
}
