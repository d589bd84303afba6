import { type CbcHmac, cbcHmacBodyLength, cbcHmacMaxPlaintext, createCbcHmac } from '../crypto/cbc-hmac.js';
import type { CryptoProvider } from '../crypto/provider.js';
import { cidMacHeader, innerLength, maxInnerContent } from './connection-id.js';
import { ContentType, encodeRecordHeader, maxPlaintextLength, noConnectionId, recordHeaderLength } from './header.js';
import type { RecordProtection } from './protection.js';

const ivLength = 16;

// Scratch for one call at a time, shared by every association.
const plainMacHeader = new Uint8Array(11);

/** Records under AES-128-CBC and HMAC-SHA-256, MAC inside (RFC 5246 §6.2.3.2) or outside (RFC 7366). */
export class CbcProtection implements RecordProtection {
  readonly #cbc: CbcHmac;

  /** Copies the keys. With a connection ID of any length, records have it, and are padded to multiples of `padding` bytes. RFC 9146. */
  constructor(
    provider: CryptoProvider,
    encKey: Uint8Array,
    macKey: Uint8Array,
    private readonly encryptThenMac: boolean,
    private readonly random: (bytes: Uint8Array) => void,
    private readonly cid: Uint8Array = noConnectionId,
    private readonly padding = 1,
  ) {
    this.#cbc = createCbcHmac(provider, { encKey, macKey, hash: 'sha256', encryptThenMac });
  }

  seal(type: number, epoch: number, sequenceNumber: number, plaintext: Uint8Array): Uint8Array {
    // The source of randomness may be the user's: it runs first, on bytes that nobody else will see.
    const iv = new Uint8Array(ivLength);
    this.random(iv);
    const { cid, encryptThenMac } = this;
    const hasCid = cid.length > 0;
    const length = hasCid ? innerLength(plaintext.length, this.padding) : plaintext.length;
    const bodyLength = cbcHmacBodyLength(length, encryptThenMac);
    const start = recordHeaderLength + cid.length;
    const record = new Uint8Array(start + bodyLength);
    encodeRecordHeader(record, hasCid ? ContentType.tls12_cid : type, epoch, sequenceNumber, bodyLength, cid);
    record.set(plaintext, start + ivLength);
    if (hasCid) record[start + ivLength + plaintext.length] = type;
    this.#cbc.seal(this.#macHeader(record, 0), iv, record, start, length);
    return record;
  }

  open(datagram: Uint8Array, start: number, end: number): Uint8Array | undefined {
    const body = start + recordHeaderLength + this.cid.length;
    const plaintext = this.#cbc.open(this.#macHeader(datagram, start), datagram, body, end - body);
    return plaintext && plaintext.length <= maxPlaintextLength ? plaintext : undefined;
  }

  maxPlaintext(size: number): number {
    const room = cbcHmacMaxPlaintext(size - recordHeaderLength - this.cid.length, this.encryptThenMac);
    return this.cid.length > 0 ? maxInnerContent(room, this.padding) : room;
  }

  destroy(): void {
    this.#cbc.destroy();
  }

  /** What the MAC covers of the record whose header is at `start`, before the length. */
  #macHeader(record: Uint8Array, start: number): Uint8Array {
    const cidLength = this.cid.length;
    return cidLength > 0 ? cidMacHeader(record, start, cidLength) : plainHeader(record, start);
  }
}

/** The largest plaintext that fits in a record of `size` bytes, whether or not encrypt-then-MAC is negotiated. */
export function cbcMaxPlaintext(size: number): number {
  const body = size - recordHeaderLength;
  return Math.min(cbcHmacMaxPlaintext(body, true), cbcHmacMaxPlaintext(body, false));
}

/** Epoch and sequence number, type and version. RFC 6347 §4.1.2.1. */
function plainHeader(record: Uint8Array, start: number): Uint8Array {
  for (let i = 0; i < 8; i++) plainMacHeader[i] = record[start + 3 + i];
  plainMacHeader[8] = record[start];
  plainMacHeader[9] = record[start + 1];
  plainMacHeader[10] = record[start + 2];
  return plainMacHeader;
}
