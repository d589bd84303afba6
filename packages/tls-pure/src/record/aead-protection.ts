import type { AeadProtectionParameters } from '../ciphersuites.js';
import type { Aead, CryptoProvider } from '../crypto/provider.js';
import { encodeRecordHeader, maxPlaintextLength, recordHeaderLength } from './header.js';
import type { RecordProtection } from './protection.js';

const nonceLength = 12;

// Scratch for one call at a time: nothing here outlives a call, so every association shares it.
const nonce = new Uint8Array(nonceLength);
const additionalData = new Uint8Array(13);

/**
 * Records under an AEAD. With an explicit nonce (CCM, GCM) it is epoch and sequence number, which never repeat under one key
 * (RFC 6655 §3, RFC 5288 §3); without (ChaCha20-Poly1305) they are XORed into the IV (RFC 7905 §2).
 */
export class AeadProtection implements RecordProtection {
  readonly #aead: Aead;
  readonly #iv: Uint8Array;
  readonly #explicitNonceLength: number;
  readonly #overhead: number;

  /** Copies key and IV. */
  constructor(provider: CryptoProvider, parameters: AeadProtectionParameters, key: Uint8Array, iv: Uint8Array) {
    this.#aead = provider.aead(parameters.algorithm, key);
    this.#iv = iv.slice();
    this.#explicitNonceLength = parameters.explicitNonceLength;
    this.#overhead = aeadOverhead(parameters);
  }

  seal(type: number, epoch: number, sequenceNumber: number, plaintext: Uint8Array): Uint8Array {
    const record = new Uint8Array(plaintext.length + this.#overhead);
    encodeRecordHeader(record, type, epoch, sequenceNumber, record.length - recordHeaderLength);
    let start = recordHeaderLength;
    if (this.#explicitNonceLength > 0) {
      record.copyWithin(start, 3, 11);
      start += this.#explicitNonceLength;
    }
    record.set(plaintext, start);
    this.#prepare(record, 0, plaintext.length);
    this.#aead.seal(nonce, additionalData, record, start, plaintext.length);
    return record;
  }

  open(datagram: Uint8Array, start: number, end: number): Uint8Array | undefined {
    const length = end - start - this.#overhead;
    if (length < 0 || length > maxPlaintextLength) return undefined;
    this.#prepare(datagram, start, length);
    const body = start + recordHeaderLength + this.#explicitNonceLength;
    return this.#aead.open(nonce, additionalData, datagram, body, length)
      ? datagram.subarray(body, body + length)
      : undefined;
  }

  maxPlaintext(size: number): number {
    return size - this.#overhead;
  }

  destroy(): void {
    this.#aead.destroy();
    this.#iv.fill(0);
  }

  /** Fills nonce and additional data for the record whose header is at `start`. */
  #prepare(record: Uint8Array, start: number, plaintextLength: number): void {
    nonce.set(this.#iv);
    if (this.#explicitNonceLength > 0) {
      for (let i = 0; i < 8; i++) nonce[4 + i] = record[start + recordHeaderLength + i];
    } else {
      for (let i = 0; i < 8; i++) nonce[4 + i] ^= record[start + 3 + i];
    }
    // seq_num (epoch and sequence number), type, version, length: RFC 5246 §6.2.3.3.
    for (let i = 0; i < 8; i++) additionalData[i] = record[start + 3 + i];
    additionalData[8] = record[start];
    additionalData[9] = record[start + 1];
    additionalData[10] = record[start + 2];
    additionalData[11] = plaintextLength >>> 8;
    additionalData[12] = plaintextLength;
  }
}

/** Bytes that a record has beyond its plaintext. */
export function aeadOverhead({ explicitNonceLength, tagLength }: AeadProtectionParameters): number {
  return recordHeaderLength + explicitNonceLength + tagLength;
}
