import { recordBytes } from '@avs-net/core';
import type { AeadProtectionParameters } from '../ciphersuites.js';
import type { Aead, CryptoProvider } from '../crypto/provider.js';
import { readWord, writeWord } from '../crypto/words.js';
import { cidHeader, innerLength, maxInnerContent } from './connection-id.js';
import { ContentType, encodeRecordHeader, maxPlaintextLength, noConnectionId, recordHeaderLength } from './header.js';
import type { RecordProtection } from './protection.js';

const nonceLength = 12;

// Scratch for one call at a time: nothing here outlives a call, so every association shares it.
const nonce = new Uint8Array(nonceLength);
const plainAdditionalData = new Uint8Array(13);

/**
 * Records under an AEAD. With an explicit nonce (CCM, GCM) it is epoch and sequence number, which never repeat under one key
 * (RFC 6655 §3, RFC 5288 §3); without (ChaCha20-Poly1305) they are XORed into the IV (RFC 7905 §2).
 */
export class AeadProtection implements RecordProtection {
  readonly #aead: Aead;
  /** In words: an array of so few bytes would cost 200 more. Where the fixed part of the nonce is short, the rest is 0. */
  #iv0: number;
  #iv1: number;
  #iv2: number;
  readonly #parameters: AeadProtectionParameters;

  /** Copies key and IV. With a connection ID of any length, records have it, and are padded to multiples of `padding` bytes. RFC 9146. */
  constructor(
    provider: CryptoProvider,
    parameters: AeadProtectionParameters,
    key: Uint8Array,
    iv: Uint8Array,
    private readonly cid: Uint8Array = noConnectionId,
    private readonly padding = 1,
  ) {
    this.#aead = provider.aead(parameters.algorithm, key);
    nonce.fill(0);
    nonce.set(iv);
    this.#iv0 = readWord(nonce, 0);
    this.#iv1 = readWord(nonce, 4);
    this.#iv2 = readWord(nonce, 8);
    this.#parameters = parameters;
  }

  seal(type: number, epoch: number, sequenceNumber: number, plaintext: Uint8Array): Uint8Array {
    const { cid } = this;
    const hasCid = cid.length > 0;
    const length = hasCid ? innerLength(plaintext.length, this.padding) : plaintext.length;
    const record = recordBytes(length + this.overhead);
    const headerLength = recordHeaderLength + cid.length;
    const outerType = hasCid ? ContentType.tls12_cid : type;
    encodeRecordHeader(record, outerType, epoch, sequenceNumber, record.length - headerLength, cid);
    let start = headerLength;
    if (this.#parameters.explicitNonceLength > 0) {
      record.copyWithin(start, 3, 11);
      start += this.#parameters.explicitNonceLength;
    }
    record.set(plaintext, start);
    if (hasCid) record[start + plaintext.length] = type;
    this.#aead.seal(nonce, this.prepare(record, 0, length), record, start, length);
    return record;
  }

  open(datagram: Uint8Array, start: number, end: number): Uint8Array | undefined {
    const length = end - start - this.overhead;
    if (length < 0 || length > maxPlaintextLength) return undefined;
    const additionalData = this.prepare(datagram, start, length);
    const body = start + recordHeaderLength + this.cid.length + this.#parameters.explicitNonceLength;
    return this.#aead.open(nonce, additionalData, datagram, body, length)
      ? datagram.subarray(body, body + length)
      : undefined;
  }

  maxPlaintext(size: number): number {
    const room = size - this.overhead;
    return this.cid.length > 0 ? maxInnerContent(room, this.padding) : room;
  }

  destroy(): void {
    this.#aead.destroy();
    this.#iv0 = 0;
    this.#iv1 = 0;
    this.#iv2 = 0;
  }

  /** Bytes of a record around its plaintext, or its DTLSInnerPlaintext. */
  private get overhead(): number {
    return aeadOverhead(this.#parameters) + this.cid.length;
  }

  /** Fills the nonce for the record whose header is at `start`, and gives the additional data. */
  private prepare(record: Uint8Array, start: number, length: number): Uint8Array {
    const cidLength = this.cid.length;
    writeWord(nonce, 0, this.#iv0);
    if (this.#parameters.explicitNonceLength > 0) {
      const at = start + recordHeaderLength + cidLength;
      for (let i = 0; i < 8; i++) nonce[4 + i] = record[at + i];
    } else {
      writeWord(nonce, 4, this.#iv1);
      writeWord(nonce, 8, this.#iv2);
      for (let i = 0; i < 8; i++) nonce[4 + i] ^= record[start + 3 + i];
    }
    const additionalData = cidLength > 0 ? cidHeader(record, start, cidLength) : plainHeader(record, start);
    const lengthAt = additionalData.length - 2;
    additionalData[lengthAt] = length >>> 8;
    additionalData[lengthAt + 1] = length;
    return additionalData;
  }
}

/** seq_num (epoch and sequence number), type, version, and room for the length: RFC 5246 §6.2.3.3. */
function plainHeader(record: Uint8Array, start: number): Uint8Array {
  for (let i = 0; i < 8; i++) plainAdditionalData[i] = record[start + 3 + i];
  plainAdditionalData[8] = record[start];
  plainAdditionalData[9] = record[start + 1];
  plainAdditionalData[10] = record[start + 2];
  return plainAdditionalData;
}

/** Bytes that a record has beyond its plaintext, without connection ID. */
export function aeadOverhead({ explicitNonceLength, tagLength }: AeadProtectionParameters): number {
  return recordHeaderLength + explicitNonceLength + tagLength;
}
