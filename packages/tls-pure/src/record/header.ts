/** Content types. RFC 5246 §6.2.1, RFC 9146 §4, RFC 9853 §4. */
export const ContentType = {
  change_cipher_spec: 20,
  alert: 21,
  handshake: 22,
  application_data: 23,
  tls12_cid: 25,
  return_routability_check: 27,
} as const;

/** Protocol versions as on the wire. RFC 6347 §4.1. */
export const ProtocolVersion = { dtls10: 0xfeff, dtls12: 0xfefd } as const;

/**
 * Bytes of a DTLS 1.2 record header: type, version, epoch, sequence number, length (RFC 6347 §4.1). In a tls12_cid record the connection ID
 * stands between the last two, and counts besides (RFC 9146 §4).
 */
export const recordHeaderLength = 13;

/** The largest plaintext of a record. RFC 5246 §6.2.1. */
export const maxPlaintextLength = 2 ** 14;

/** How much protection may add to a record. RFC 5246 §6.2.3. */
const maxExpansion = 2048;

/** Sequence numbers have 48 bits. RFC 6347 §4.1. */
export const maxSequenceNumber = 2 ** 48 - 1;

/** The connection ID of zero length: a side that does not want any gives it out. RFC 9146 §3. */
export const noConnectionId: Uint8Array = new Uint8Array(0);

/** The header of a record within a datagram. */
export interface RecordHeader {
  readonly type: number;
  readonly version: number;
  readonly epoch: number;
  readonly sequenceNumber: number;
  /** Offsets into the datagram: of the header, of the fragment behind it, of the end. */
  readonly start: number;
  readonly body: number;
  readonly end: number;
}

/**
 * The record that starts at `start`, or undefined when what is there is not a whole record. `cidLength` is what the connection IDs have that
 * its receiver gives out: a record of type tls12_cid does not tell (RFC 9146 §4).
 */
export function decodeRecordHeader(datagram: Uint8Array, start: number, cidLength = 0): RecordHeader | undefined {
  const body = start + recordHeaderLength + (datagram[start] === ContentType.tls12_cid ? cidLength : 0);
  if (body > datagram.length) return undefined;
  const length = u16(datagram, body - 2);
  if (length > datagram.length - body || length > maxPlaintextLength + maxExpansion) return undefined;
  const high = u16(datagram, start + 5);
  const low = ((u16(datagram, start + 7) << 16) | u16(datagram, start + 9)) >>> 0;
  return {
    type: datagram[start],
    version: u16(datagram, start + 1),
    epoch: u16(datagram, start + 3),
    // Not by way of a product that is 0: wherever such a number is kept it would have 16 bytes of its own.
    sequenceNumber: high === 0 ? low : high * 2 ** 32 + low,
    start,
    body,
    end: body + length,
  };
}

/** Writes a DTLS 1.2 record header at the start of `record`, with the connection ID if it has one. */
export function encodeRecordHeader(
  record: Uint8Array,
  type: number,
  epoch: number,
  sequenceNumber: number,
  length: number,
  cid: Uint8Array = noConnectionId,
): void {
  record[0] = type;
  record[1] = ProtocolVersion.dtls12 >>> 8;
  record[2] = ProtocolVersion.dtls12 & 0xff;
  record[3] = epoch >>> 8;
  record[4] = epoch;
  const high = Math.floor(sequenceNumber / 2 ** 32);
  record[5] = high >>> 8;
  record[6] = high;
  record[7] = sequenceNumber / 2 ** 24;
  record[8] = sequenceNumber / 2 ** 16;
  record[9] = sequenceNumber / 2 ** 8;
  record[10] = sequenceNumber;
  record.set(cid, 11);
  record[11 + cid.length] = length >>> 8;
  record[12 + cid.length] = length;
}

/** An unprotected record, as epoch 0 has them, of another version for a peer that may know no newer one. */
export function plaintextRecord(
  type: number,
  sequenceNumber: number,
  fragment: Uint8Array,
  version: number = ProtocolVersion.dtls12,
): Uint8Array {
  const record = new Uint8Array(recordHeaderLength + fragment.length);
  encodeRecordHeader(record, type, 0, sequenceNumber, fragment.length);
  record[1] = version >>> 8;
  record[2] = version;
  record.set(fragment, recordHeaderLength);
  return record;
}

function u16(bytes: Uint8Array, at: number): number {
  return (bytes[at] << 8) | bytes[at + 1];
}
