import { DecodeError, Reader } from '../wire/reader.js';
import { Writer } from '../wire/writer.js';
import { decodeExtensions, type Extensions, encodeExtensions } from './extensions.js';

/** RFC 5746 §3.3: TLS_EMPTY_RENEGOTIATION_INFO_SCSV stands for an empty renegotiation_info. */
export const emptyRenegotiationInfoScsv = 0x00ff;

/** RFC 7507 §2: TLS_FALLBACK_SCSV says that the client has tried a higher version before. */
export const fallbackScsv = 0x5600;

/** RFC 5246 §7.4.1.2, with the cookie of RFC 6347 §4.2.1. */
export interface ClientHello {
  readonly version: number;
  /** 32 bytes. */
  readonly random: Uint8Array;
  /** 0 to 32 bytes. */
  readonly sessionId: Uint8Array;
  /** 0 to 255 bytes. */
  readonly cookie: Uint8Array;
  readonly ciphersuites: readonly number[];
  readonly compressionMethods: Uint8Array;
  readonly extensions: Extensions;
}

/** The fields up to the cookie, and where the rest begins: enough to check a cookie, even in a first fragment. */
export interface ClientHelloPrefix {
  readonly version: number;
  readonly random: Uint8Array;
  readonly sessionId: Uint8Array;
  readonly cookie: Uint8Array;
}

/** Reads a ClientHello up to its cookie. Views, not copies. */
export function decodeClientHelloPrefix(reader: Reader): ClientHelloPrefix {
  return { version: reader.u16(), random: reader.take(32), sessionId: reader.vector8(0, 32), cookie: reader.vector8() };
}

/** Views, not copies. */
export function decodeClientHello(body: Uint8Array): ClientHello {
  const reader = new Reader(body);
  const prefix = decodeClientHelloPrefix(reader);
  const suites = new Reader(reader.vector16(2, 0xfffe));
  if (suites.remaining % 2 !== 0) throw new DecodeError('cipher_suites: odd length');
  const ciphersuites: number[] = [];
  while (suites.remaining > 0) ciphersuites.push(suites.u16());
  const compressionMethods = reader.vector8(1);
  return { ...prefix, ciphersuites, compressionMethods, extensions: decodeExtensions(reader) };
}

export function encodeClientHello(hello: ClientHello): Uint8Array {
  const writer = new Writer()
    .u16(hello.version)
    .bytes(hello.random)
    .vector8(hello.sessionId)
    .vector8(hello.cookie)
    .nested16((suites) => {
      for (const id of hello.ciphersuites) suites.u16(id);
    })
    .vector8(hello.compressionMethods);
  encodeExtensions(writer, hello.extensions);
  return writer.finish();
}
