/**
 * One direction of one epoch's protection: keys expanded once, records in and out.
 *
 * A record is handled whole, header included, because the header's epoch and sequence number are in the nonce and the
 * additional data (RFC 5246 §6.2.3.3, RFC 6347 §4.1.2.1). With a connection ID it is of type tls12_cid, the plaintext's own type goes inside, and
 * `open` gives a DTLSInnerPlaintext (RFC 9146 §4).
 */
export interface RecordProtection {
  /** A protected record of its own bytes. */
  seal(type: number, epoch: number, sequenceNumber: number, plaintext: Uint8Array): Uint8Array;
  /** The plaintext of the record `datagram[start, end)`, possibly in place; undefined when it is not authentic. */
  open(datagram: Uint8Array, start: number, end: number): Uint8Array | undefined;
  /** The largest plaintext whose record fits in `size` bytes; negative when not even an empty one does. */
  maxPlaintext(size: number): number;
  /** Wipes the keys. */
  destroy(): void;
}
