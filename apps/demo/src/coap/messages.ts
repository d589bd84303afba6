/** Who is at the other end: an address and a port. */
export interface Peer {
  readonly host: string;
  readonly port: number;
}

/** Request methods by name; undefined is a code that is no method. RFC 7252 §5.8, RFC 8132. */
export type Method = 'GET' | 'POST' | 'PUT' | 'DELETE' | 'FETCH' | 'PATCH' | 'iPATCH';

/** A request as it was received, block-wise transfer done. */
export interface IncomingRequest {
  readonly method: Method | undefined;
  /** The segments of the path, decoded. */
  readonly path: readonly string[];
  /** The parts of the query, decoded: `name` or `name=value`. */
  readonly query: readonly string[];
  readonly contentFormat: number | undefined;
  readonly accept: number | undefined;
  /** 0 begins an observation, 1 ends it. RFC 7641 §2. */
  readonly observe: number | undefined;
  readonly payload: Uint8Array;
  /** Hexadecimal. */
  readonly token: string;
  readonly peer: Peer;
}

/** A request to send. */
export interface OutgoingRequest {
  readonly method: Method;
  readonly path: readonly string[];
  readonly query?: readonly string[] | undefined;
  readonly contentFormat?: number | undefined;
  readonly accept?: number | undefined;
  readonly payload?: Uint8Array | undefined;
  readonly peer: Peer;
  /** Milliseconds until the request is given up. Default: the endpoint's. */
  readonly timeout?: number | undefined;
  /** Gives the request up; it rejects with the signal's reason. */
  readonly signal?: AbortSignal | undefined;
}

/** What is answered to a request, or notified to an observer. `code` is as in `2.05`. */
export interface Answer {
  readonly code: string;
  readonly contentFormat?: number | undefined;
  readonly payload?: Uint8Array | undefined;
  /** Segments of Location-Path. */
  readonly location?: readonly string[] | undefined;
  /** Begins an observation, if the request asked for one: called after the answer has been sent. */
  readonly observed?: ((observer: Observer) => void) | undefined;
}

/** A response that was received. */
export interface Response {
  readonly code: string;
  readonly contentFormat: number | undefined;
  readonly payload: Uint8Array;
  readonly location: readonly string[];
}

/** Someone who observes a resource here. */
export interface Observer {
  /** Sends a notification. Does nothing once the observation is over. */
  notify(answer: Answer): void;
  /** Ends the observation; with a code, tells the observer. */
  end(code?: string): void;
  /** To be set: called once when the observer has gone, or `end` was called. */
  onEnd: (() => void) | undefined;
}

/** What must be known to go on with an observation that a peer has begun. */
export interface ResumedObservation {
  /** Hexadecimal. */
  readonly token: string;
  readonly path: readonly string[];
  readonly accept: number | undefined;
  readonly peer: Peer;
}

/** Numbers that go on where those of an earlier connection ended. */
export interface MessageNumbers {
  /** 0 to 65,535, not one of the last that were given out. RFC 7252 §4.4. */
  nextMessageId(): number;
  /** 1 to 16,777,215, more than the last one until they begin again. RFC 7641 §3.4. */
  nextObserve(): number;
}

/** No answer came in time. */
export class CoapTimeoutError extends Error {
  constructor(milliseconds: number) {
    super(`no answer within ${Math.round(milliseconds / 100) / 10} s`);
    this.name = 'CoapTimeoutError';
  }
}

/** The endpoint was closed, or the association below it has ended, before an answer came. */
export class CoapClosedError extends Error {
  constructor(options?: ErrorOptions) {
    super('the connection was closed', options);
    this.name = 'CoapClosedError';
  }
}

/** Response codes by their names in the registry, as far as LwM2M uses them. RFC 7252 §12.1.2. */
const codeNames: Readonly<Record<string, string>> = {
  '2.01': 'Created',
  '2.02': 'Deleted',
  '2.04': 'Changed',
  '2.05': 'Content',
  '4.00': 'Bad Request',
  '4.01': 'Unauthorized',
  '4.02': 'Bad Option',
  '4.03': 'Forbidden',
  '4.04': 'Not Found',
  '4.05': 'Method Not Allowed',
  '4.06': 'Not Acceptable',
  '4.08': 'Request Entity Incomplete',
  '4.12': 'Precondition Failed',
  '4.13': 'Request Entity Too Large',
  '4.15': 'Unsupported Content-Format',
  '5.00': 'Internal Server Error',
  '5.01': 'Not Implemented',
  '5.03': 'Service Unavailable',
};

/** `2.05 Content`. */
export function describeCode(code: string): string {
  if (code === '0.00') return 'a reset';
  const name = codeNames[code];
  return name === undefined ? code : `${code} ${name}`;
}
