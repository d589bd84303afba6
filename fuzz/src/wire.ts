// The wire format as the fuzzer reads it, written apart from the decoders that it is to put to the test. RFC 6347 §4.1, §4.2.2.

/** Bytes of a record header. */
export const recordHeader = 13;
/** Bytes of a handshake header. */
export const handshakeHeader = 12;

/** Content types. RFC 5246 §6.2.1. */
export const ContentType = {
  changeCipherSpec: 20,
  alert: 21,
  handshake: 22,
  applicationData: 23,
  /** RFC 9146 §4. */
  withConnectionId: 25,
  /** RFC 9853 §4. */
  routabilityCheck: 27,
} as const;

/** Types of handshake messages. RFC 5246 §7.4, RFC 6347 §4.3.2. */
export const HandshakeType = {
  helloRequest: 0,
  clientHello: 1,
  serverHello: 2,
  helloVerifyRequest: 3,
  /** RFC 5077 §3.3. */
  newSessionTicket: 4,
  serverKeyExchange: 12,
  serverHelloDone: 14,
  clientKeyExchange: 16,
  finished: 20,
} as const;

/** A record in a datagram. */
export interface WireRecord {
  readonly type: number;
  readonly version: number;
  readonly epoch: number;
  readonly sequence: number;
  /** Its connection ID: a view. */
  readonly cid: Uint8Array;
  /** Where it begins and ends in its datagram. */
  readonly start: number;
  readonly end: number;
  /** What follows the header: a view. */
  readonly body: Uint8Array;
}

/** A fragment of a handshake message. */
export interface WireFragment {
  readonly type: number;
  readonly length: number;
  readonly messageSeq: number;
  readonly offset: number;
  /** A view. */
  readonly data: Uint8Array;
}

/** The records of a datagram, up to the first that does not fit; connection IDs have `cidLength` bytes. RFC 9146 §4. */
export function recordsOf(datagram: Uint8Array, cidLength = 0): WireRecord[] {
  const view = new DataView(datagram.buffer, datagram.byteOffset, datagram.byteLength);
  const records: WireRecord[] = [];
  for (let start = 0; start + recordHeader <= datagram.length; ) {
    const bodyAt = start + recordHeader + (datagram[start] === ContentType.withConnectionId ? cidLength : 0);
    if (bodyAt > datagram.length) break;
    const end = bodyAt + view.getUint16(bodyAt - 2);
    if (end > datagram.length) break;
    records.push({
      type: view.getUint8(start),
      version: view.getUint16(start + 1),
      epoch: view.getUint16(start + 3),
      sequence: view.getUint16(start + 5) * 2 ** 32 + view.getUint32(start + 7),
      cid: datagram.subarray(start + recordHeader - 2, bodyAt - 2),
      start,
      end,
      body: datagram.subarray(bodyAt, end),
    });
    start = end;
  }
  return records;
}

/** The handshake fragments of a record's plaintext, up to the first that does not fit. */
export function fragmentsOf(body: Uint8Array): WireFragment[] {
  const fragments: WireFragment[] = [];
  const u24 = (at: number): number => ((body[at] ?? 0) << 16) | ((body[at + 1] ?? 0) << 8) | (body[at + 2] ?? 0);
  for (let at = 0; at + handshakeHeader <= body.length; ) {
    const end = at + handshakeHeader + u24(at + 9);
    if (end > body.length) break;
    fragments.push({
      type: body[at] ?? 0,
      length: u24(at + 1),
      messageSeq: ((body[at + 4] ?? 0) << 8) | (body[at + 5] ?? 0),
      offset: u24(at + 6),
      data: body.subarray(at + handshakeHeader, end),
    });
    at = end;
  }
  return fragments;
}

/** Writes an unsigned number of `size` bytes. */
export function writeNumber(bytes: Uint8Array, at: number, size: number, value: number): void {
  let rest = value;
  for (let i = size - 1; i >= 0; i -= 1) {
    bytes[at + i] = rest % 256;
    rest = Math.floor(rest / 256);
  }
}

/** A record with a plaintext body. */
export function plainRecord(type: number, epoch: number, sequence: number, body: Uint8Array): Uint8Array {
  const record = new Uint8Array(recordHeader + body.length);
  record.set([type, 0xfe, 0xfd]);
  writeNumber(record, 3, 2, epoch);
  writeNumber(record, 5, 6, sequence);
  writeNumber(record, 11, 2, body.length);
  record.set(body, recordHeader);
  return record;
}

/** A handshake message, or a fragment of one. */
export function fragment(
  type: number,
  length: number,
  messageSeq: number,
  offset: number,
  data: Uint8Array,
): Uint8Array {
  const bytes = new Uint8Array(handshakeHeader + data.length);
  bytes[0] = type;
  writeNumber(bytes, 1, 3, length);
  writeNumber(bytes, 4, 2, messageSeq);
  writeNumber(bytes, 6, 3, offset);
  writeNumber(bytes, 9, 3, data.length);
  bytes.set(data, handshakeHeader);
  return bytes;
}

/** One array of all the bytes. */
export function concat(...parts: readonly Uint8Array[]): Uint8Array {
  const all = new Uint8Array(parts.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const part of parts) {
    all.set(part, at);
    at += part.length;
  }
  return all;
}

/** Bytes as a string of as many characters, to compare and to look up. */
export function keyOf(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('latin1');
}
