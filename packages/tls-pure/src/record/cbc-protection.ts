import { type CbcHmac, cbcHmacBodyLength, cbcHmacMaxPlaintext, createCbcHmac } from '../crypto/cbc-hmac.js';
import type { CryptoProvider } from '../crypto/provider.js';
import { encodeRecordHeader, maxPlaintextLength, recordHeaderLength } from './header.js';
import type { RecordProtection } from './protection.js';

const ivLength = 16;

// Scratch for one call at a time, shared by every association.
const macHeader = new Uint8Array(11);

/** Records under AES-128-CBC and HMAC-SHA-256, MAC inside (RFC 5246 §6.2.3.2) or outside (RFC 7366). */
export class CbcProtection implements RecordProtection {
  readonly #cbc: CbcHmac;

  /** Copies the keys. */
  constructor(
    provider: CryptoProvider,
    encKey: Uint8Array,
    macKey: Uint8Array,
    private readonly encryptThenMac: boolean,
    private readonly random: (bytes: Uint8Array) => void,
  ) {
    this.#cbc = createCbcHmac(provider, { encKey, macKey, hash: 'sha256', encryptThenMac });
  }

  seal(type: number, epoch: number, sequenceNumber: number, plaintext: Uint8Array): Uint8Array {
    // The source of randomness may be the user's: it runs first, on bytes that nobody else will see.
    const iv = new Uint8Array(ivLength);
    this.random(iv);
    const bodyLength = cbcHmacBodyLength(plaintext.length, this.encryptThenMac);
    const record = new Uint8Array(recordHeaderLength + bodyLength);
    encodeRecordHeader(record, type, epoch, sequenceNumber, bodyLength);
    record.set(plaintext, recordHeaderLength + ivLength);
    fillMacHeader(record, 0);
    this.#cbc.seal(macHeader, iv, record, recordHeaderLength, plaintext.length);
    return record;
  }

  open(datagram: Uint8Array, start: number, end: number): Uint8Array | undefined {
    const body = start + recordHeaderLength;
    fillMacHeader(datagram, start);
    const plaintext = this.#cbc.open(macHeader, datagram, body, end - body);
    return plaintext && plaintext.length <= maxPlaintextLength ? plaintext : undefined;
  }

  maxPlaintext(size: number): number {
    return cbcHmacMaxPlaintext(size - recordHeaderLength, this.encryptThenMac);
  }

  destroy(): void {
    this.#cbc.destroy();
  }
}

/** The largest plaintext that fits in a record of `size` bytes, whether or not encrypt-then-MAC is negotiated. */
export function cbcMaxPlaintext(size: number): number {
  const body = size - recordHeaderLength;
  return Math.min(cbcHmacMaxPlaintext(body, true), cbcHmacMaxPlaintext(body, false));
}

/** Epoch and sequence number, type and version: what the MAC covers before the length. RFC 6347 §4.1.2.1. */
function fillMacHeader(record: Uint8Array, start: number): void {
  for (let i = 0; i < 8; i++) macHeader[i] = record[start + 3 + i];
  macHeader[8] = record[start];
  macHeader[9] = record[start + 1];
  macHeader[10] = record[start + 2];
}
