/** A record on the wire, read without the code under test. */
export interface WireRecord {
  readonly type: number;
  readonly epoch: number;
  readonly sequence: number;
  readonly fragment: Uint8Array;
  readonly length: number;
}

/** The records of a datagram. RFC 6347 §4.1. */
export function recordsIn(datagram: Uint8Array): WireRecord[] {
  const records: WireRecord[] = [];
  const view = new DataView(datagram.buffer, datagram.byteOffset, datagram.byteLength);
  for (let at = 0; at < datagram.length; ) {
    const length = 13 + view.getUint16(at + 11);
    records.push({
      type: view.getUint8(at),
      epoch: view.getUint16(at + 3),
      sequence: view.getUint16(at + 5) * 2 ** 32 + view.getUint32(at + 7),
      fragment: datagram.slice(at + 13, at + length),
      length,
    });
    at += length;
  }
  return records;
}
