/** Content types. RFC 5246 §6.2.1. */
export const ContentType = { change_cipher_spec: 20, alert: 21, handshake: 22, application_data: 23 } as const;

/** Bytes of a DTLS record header. RFC 6347 §4.1. */
export const recordHeaderLength = 13;

/** Bytes of a DTLS handshake message's header. RFC 6347 §4.2.2. */
export const handshakeHeaderLength = 12;

/** The largest plaintext of a record. RFC 5246 §6.2.1. */
export const maxPlaintextLength = 16_384;

/** A record within a datagram. */
export interface RecordView {
  readonly type: number;
  readonly version: number;
  readonly epoch: number;
  /** Header and fragment. */
  readonly whole: Uint8Array;
  readonly fragment: Uint8Array;
}

/** The records of a datagram, as views; ends where what is left is not a whole record. */
export function* recordsOf(datagram: Uint8Array): Generator<RecordView> {
  const view = new DataView(datagram.buffer, datagram.byteOffset, datagram.byteLength);
  for (let at = 0; at + recordHeaderLength <= datagram.length; ) {
    const end = at + recordHeaderLength + view.getUint16(at + 11);
    if (end > datagram.length) return;
    yield {
      type: view.getUint8(at),
      version: view.getUint16(at + 1),
      epoch: view.getUint16(at + 3),
      whole: datagram.subarray(at, end),
      fragment: datagram.subarray(at + recordHeaderLength, end),
    };
    at = end;
  }
}

/** Packs records into datagrams of at most `size` bytes, in order; one that is longer by itself gets a datagram of its own. */
export function packRecords(records: Uint8Array, size: number): Uint8Array[] {
  const datagrams: Uint8Array[] = [];
  let start = 0;
  let end = 0;
  for (const { whole } of recordsOf(records)) {
    if (end > start && end + whole.length - start > size) {
      datagrams.push(records.slice(start, end));
      start = end;
    }
    end += whole.length;
  }
  if (end > start) datagrams.push(records.slice(start, end));
  return datagrams;
}

/** A fragment of a handshake message. RFC 6347 §4.2.3. */
export interface HandshakeFragment {
  readonly type: number;
  /** Of the whole message. */
  readonly length: number;
  readonly messageSeq: number;
  readonly offset: number;
  readonly data: Uint8Array;
}

/** The handshake fragments in a plaintext record, as views; ends where what is left is not a whole fragment. */
export function* fragmentsOf(record: Uint8Array): Generator<HandshakeFragment> {
  const view = new DataView(record.buffer, record.byteOffset, record.byteLength);
  for (let at = 0; at + handshakeHeaderLength <= record.length; ) {
    const uint24 = (offset: number): number => (view.getUint8(at + offset) << 16) | view.getUint16(at + offset + 1);
    const length = uint24(1);
    const offset = uint24(6);
    const start = at + handshakeHeaderLength;
    const end = start + uint24(9);
    if (end > record.length || offset + (end - start) > length) return;
    yield {
      type: view.getUint8(at),
      length,
      messageSeq: view.getUint16(at + 4),
      offset,
      data: record.subarray(start, end),
    };
    at = end;
  }
}
