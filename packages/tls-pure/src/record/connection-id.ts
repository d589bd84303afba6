import { ContentType, maxPlaintextLength } from './header.js';

// What differs in records with a connection ID. RFC 9146 §4, §5.

/** Bytes of the MAC's input, or of the additional data, around the connection ID and before the length. RFC 9146 §5. */
const fixedLength = 8 + 3 + 10;

/**
 * Scratch by length of the connection ID, filled as far as it never changes: seq_num_placeholder, tls12_cid, cid_length, tls12_cid. Shared by
 * every association, since nothing else in it outlives a call.
 */
const headers: Uint8Array[] = [];

/**
 * What MAC and additional data cover of the record at `start` before its length field: 21 bytes and the connection ID, and room for the two
 * bytes of that field. Good until the next call. RFC 9146 §5.
 */
export function cidHeader(record: Uint8Array, start: number, cidLength: number): Uint8Array {
  headers[cidLength] ??= emptyHeader(cidLength);
  const header = headers[cidLength];
  // Version, epoch, sequence number and connection ID are in the order in which the record has them.
  for (let i = 0; i < 10 + cidLength; i++) header[11 + i] = record[start + 1 + i];
  return header;
}

/** The part of {@link cidHeader} that the MAC of block ciphers is given, which add the length themselves. */
export function cidMacHeader(record: Uint8Array, start: number, cidLength: number): Uint8Array {
  return cidHeader(record, start, cidLength).subarray(0, fixedLength + cidLength);
}

function emptyHeader(cidLength: number): Uint8Array {
  const header = new Uint8Array(fixedLength + cidLength + 2).fill(0xff, 0, 8);
  header[8] = ContentType.tls12_cid;
  header[9] = cidLength;
  header[10] = ContentType.tls12_cid;
  return header;
}

/** Bytes of a DTLSInnerPlaintext: content, its type, and zeros up to a multiple of `padding` bytes, if that fits. */
export function innerLength(contentLength: number, padding: number): number {
  return Math.min(Math.ceil((contentLength + 1) / padding) * padding, maxPlaintextLength);
}

/** The largest content whose DTLSInnerPlaintext fits in `size` bytes; negative when not even an empty one does. */
export function maxInnerContent(size: number, padding: number): number {
  return size >= maxPlaintextLength ? maxPlaintextLength - 1 : Math.floor(size / padding) * padding - 1;
}

/**
 * Where the type of a DTLSInnerPlaintext is, behind its content: the last byte that is not zero. Negative: there is none. RFC 8446 §5.4.
 */
export function innerTypeAt(innerPlaintext: Uint8Array): number {
  let at = innerPlaintext.length - 1;
  while (at >= 0 && innerPlaintext[at] === 0) at--;
  return at;
}
