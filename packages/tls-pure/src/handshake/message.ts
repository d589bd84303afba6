import type { Reader } from '../wire/reader.js';

/** Handshake message types. RFC 5246 §7.4, RFC 6347 §4.3.2, RFC 5077 §3.3. */
export const HandshakeType = {
  hello_request: 0,
  client_hello: 1,
  server_hello: 2,
  hello_verify_request: 3,
  new_session_ticket: 4,
  server_key_exchange: 12,
  server_hello_done: 14,
  client_key_exchange: 16,
  finished: 20,
} as const;

/** Bytes of a DTLS handshake header: type, length, message_seq, fragment_offset, fragment_length. RFC 6347 §4.2.2. */
export const messageHeaderLength = 12;

/** A fragment of a handshake message. RFC 6347 §4.2.2. */
export interface Fragment {
  readonly type: number;
  /** Of the whole message's body. */
  readonly length: number;
  readonly messageSeq: number;
  readonly offset: number;
  /** A view of the datagram. */
  readonly data: Uint8Array;
}

/** A whole handshake message. */
export interface HandshakeMessage {
  readonly type: number;
  readonly messageSeq: number;
  /** Header and body as if it had come in one fragment: what the transcript hashes. RFC 6347 §4.2.6. */
  readonly bytes: Uint8Array;
  /** A view of `bytes` without the header. */
  readonly body: Uint8Array;
}

/** Reads the next fragment of a handshake record, which may hold several. */
export function decodeFragment(reader: Reader): Fragment {
  const type = reader.u8();
  const length = reader.u24();
  const messageSeq = reader.u16();
  const offset = reader.u24();
  const data = reader.take(reader.u24());
  return { type, length, messageSeq, offset, data };
}

/** The header and body of a whole message. */
export function encodeMessage(type: number, messageSeq: number, body: Uint8Array): HandshakeMessage {
  const bytes = encodeFragment(type, body.length, messageSeq, 0, body);
  return { type, messageSeq, bytes, body: bytes.subarray(messageHeaderLength) };
}

/** A fragment: its header and its part of the body. */
export function encodeFragment(
  type: number,
  length: number,
  messageSeq: number,
  offset: number,
  data: Uint8Array,
): Uint8Array {
  const bytes = new Uint8Array(messageHeaderLength + data.length);
  bytes[0] = type;
  bytes[1] = length >>> 16;
  bytes[2] = length >>> 8;
  bytes[3] = length;
  bytes[4] = messageSeq >>> 8;
  bytes[5] = messageSeq;
  bytes[6] = offset >>> 16;
  bytes[7] = offset >>> 8;
  bytes[8] = offset;
  bytes[9] = data.length >>> 16;
  bytes[10] = data.length >>> 8;
  bytes[11] = data.length;
  bytes.set(data, messageHeaderLength);
  return bytes;
}
