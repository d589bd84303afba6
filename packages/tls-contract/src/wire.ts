/** Content types of records. RFC 5246 §6.2.1. */
export const ContentType = { changeCipherSpec: 20, alert: 21, handshake: 22, applicationData: 23 } as const;

/** Types of handshake messages. RFC 5246 §7.4, RFC 6347 §4.3.2. */
export const HandshakeType = {
  clientHello: 1,
  serverHello: 2,
  helloVerifyRequest: 3,
  serverHelloDone: 14,
  clientKeyExchange: 16,
} as const;

/** A DTLS record as it is on the wire. RFC 6347 §4.1. */
export interface WireRecord {
  readonly type: number;
  readonly epoch: number;
  readonly sequenceNumber: number;
  /** A view of what follows the header. */
  readonly fragment: Uint8Array;
}

/** What a ClientHello shows. RFC 6347 §4.2.1. */
export interface WireClientHello {
  readonly random: Uint8Array;
  readonly cookie: Uint8Array;
  /** Where the cookie begins in the datagram. */
  readonly cookieOffset: number;
  readonly ciphersuites: readonly number[];
}

const recordHeader = 13;
const handshakeHeader = 12;

/** A record as anyone can write it: RFC 6347 §4.1. */
export function writeRecord(type: number, epoch: number, sequence: number, fragment: readonly number[]): Uint8Array {
  const { length } = fragment;
  const number = [0, 0, sequence >>> 24, sequence >>> 16, sequence >>> 8, sequence];
  return Uint8Array.of(type, 0xfe, 0xfd, 0, epoch, ...number, length >> 8, length, ...fragment);
}

/** Where the version begins in a record. RFC 6347 §4.1. */
export const recordVersionOffset = 1;

/** Where the version begins in the datagram of a ClientHello or a ServerHello. RFC 6347 §4.3.2. */
export const helloVersionOffset = recordHeader + handshakeHeader;

/** The records of a datagram that a test put on the wire; ends at the first that does not fit. */
export function recordsOf(datagram: Uint8Array): readonly WireRecord[] {
  const view = new DataView(datagram.buffer, datagram.byteOffset, datagram.byteLength);
  const records: WireRecord[] = [];
  for (let at = 0; at + recordHeader <= datagram.length; ) {
    const end = at + recordHeader + view.getUint16(at + 11);
    if (end > datagram.length) break;
    records.push({
      type: view.getUint8(at),
      epoch: view.getUint16(at + 3),
      sequenceNumber: view.getUint16(at + 5) * 2 ** 32 + view.getUint32(at + 7),
      fragment: datagram.subarray(at + recordHeader, end),
    });
    at = end;
  }
  return records;
}

/** Whether a datagram holds a record of this type. */
export function holds(datagram: Uint8Array, type: number): boolean {
  return recordsOf(datagram).some((record) => record.type === type);
}

/** Whether a datagram holds an unencrypted handshake message of this type, or a part of it. */
export function holdsHandshake(datagram: Uint8Array, type: number): boolean {
  return recordsOf(datagram).some(
    (record) => record.type === ContentType.handshake && record.epoch === 0 && record.fragment[0] === type,
  );
}

/** The random of the ServerHello among these datagrams. @throws Error there is none. RFC 5246 §7.4.1.3. */
export function serverRandomOf(datagrams: readonly Uint8Array[]): Uint8Array {
  for (const { type, epoch, fragment } of datagrams.flatMap(recordsOf)) {
    if (type !== ContentType.handshake || epoch !== 0 || fragment[0] !== HandshakeType.serverHello) continue;
    return fragment.slice(handshakeHeader + 2, handshakeHeader + 34);
  }
  throw new Error('no ServerHello');
}

/** The same ClientHello with another session ID. RFC 5246 §7.4.1.2. */
export function withSessionId(datagram: Uint8Array, sessionId: Uint8Array): Uint8Array {
  const at = recordHeader + handshakeHeader + 2 + 32;
  const rest = at + 1 + (datagram[at] ?? 0);
  const changed = Uint8Array.of(
    ...datagram.subarray(0, at),
    sessionId.length,
    ...sessionId,
    ...datagram.subarray(rest),
  );
  const view = new DataView(changed.buffer);
  const length = changed.length - recordHeader - handshakeHeader;
  view.setUint16(recordHeader - 2, handshakeHeader + length);
  // The message's length and its only fragment's, of 3 bytes each.
  view.setUint16(recordHeader + 2, length);
  view.setUint16(recordHeader + handshakeHeader - 2, length);
  return changed;
}

/** The ClientHello that a datagram begins with. @throws Error there is none, or it is a fragment. */
export function clientHelloOf(datagram: Uint8Array): WireClientHello {
  if (!holdsHandshake(datagram.subarray(0), HandshakeType.clientHello)) throw new Error('not a ClientHello');
  const view = new DataView(datagram.buffer, datagram.byteOffset, datagram.byteLength);
  const body = recordHeader + handshakeHeader;
  const sessionId = body + 2 + 32;
  const cookie = sessionId + 1 + view.getUint8(sessionId);
  const cookieOffset = cookie + 1;
  const suites = cookieOffset + view.getUint8(cookie);
  const ciphersuites = Array.from({ length: view.getUint16(suites) / 2 }, (_, i) => view.getUint16(suites + 2 + 2 * i));
  return {
    random: datagram.slice(body + 2, sessionId),
    cookie: datagram.slice(cookieOffset, suites),
    cookieOffset,
    ciphersuites,
  };
}
