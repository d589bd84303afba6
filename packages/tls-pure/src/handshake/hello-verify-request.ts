import { Reader } from '../wire/reader.js';
import { Writer } from '../wire/writer.js';

/** RFC 6347 §4.2.1. */
export interface HelloVerifyRequest {
  /** Says nothing about the version that will be chosen; DTLS 1.0 unless the server knows better. */
  readonly version: number;
  /** 0 to 255 bytes. */
  readonly cookie: Uint8Array;
}

/** Views, not copies. */
export function decodeHelloVerifyRequest(body: Uint8Array): HelloVerifyRequest {
  const reader = new Reader(body);
  const request = { version: reader.u16(), cookie: reader.vector8() };
  reader.expectEnd('HelloVerifyRequest');
  return request;
}

export function encodeHelloVerifyRequest({ version, cookie }: HelloVerifyRequest): Uint8Array {
  return new Writer(3 + cookie.length).u16(version).vector8(cookie).finish();
}
