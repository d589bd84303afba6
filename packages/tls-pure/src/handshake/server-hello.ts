import { Reader } from '../wire/reader.js';
import { Writer } from '../wire/writer.js';
import { decodeExtensions, type Extensions, encodeExtensions } from './extensions.js';

/** RFC 5246 §7.4.1.3. */
export interface ServerHello {
  readonly version: number;
  /** 32 bytes. */
  readonly random: Uint8Array;
  /** 0 to 32 bytes. */
  readonly sessionId: Uint8Array;
  readonly ciphersuite: number;
  readonly compressionMethod: number;
  readonly extensions: Extensions;
}

/** Views, not copies. */
export function decodeServerHello(body: Uint8Array): ServerHello {
  const reader = new Reader(body);
  return {
    version: reader.u16(),
    random: reader.take(32),
    sessionId: reader.vector8(0, 32),
    ciphersuite: reader.u16(),
    compressionMethod: reader.u8(),
    extensions: decodeExtensions(reader),
  };
}

export function encodeServerHello(hello: ServerHello): Uint8Array {
  const writer = new Writer()
    .u16(hello.version)
    .bytes(hello.random)
    .vector8(hello.sessionId)
    .u16(hello.ciphersuite)
    .u8(hello.compressionMethod);
  encodeExtensions(writer, hello.extensions);
  return writer.finish();
}
