/** The CoAP response codes that refuse a request. RFC 7252 §5.9.2 and §5.9.3, RFC 7959 §2.9. */
export type RefusalCode =
  | '4.00'
  | '4.01'
  | '4.02'
  | '4.03'
  | '4.04'
  | '4.05'
  | '4.06'
  | '4.08'
  | '4.12'
  | '4.13'
  | '4.15'
  | '5.00'
  | '5.01'
  | '5.03';

/** A request that cannot be served, and the CoAP code to answer it with. The message goes to the peer as diagnostic text. */
export class Lwm2mError extends Error {
  readonly code: RefusalCode;

  constructor(code: RefusalCode, message: string) {
    super(message);
    this.name = 'Lwm2mError';
    this.code = code;
  }
}

/** 4.00: what was sent is not well-formed, or not possible. */
export function badRequest(message: string): Lwm2mError {
  return new Lwm2mError('4.00', message);
}

/** 4.04: there is nothing at this path. */
export function notFound(message: string): Lwm2mError {
  return new Lwm2mError('4.04', message);
}

/** 4.05: the thing exists and does not support the operation. */
export function notAllowed(message: string): Lwm2mError {
  return new Lwm2mError('4.05', message);
}
