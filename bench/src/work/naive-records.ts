import { type CipherCCMTypes, type CipherGCMTypes, createCipheriv, createDecipheriv } from 'node:crypto';
import { Unable } from './unable.js';

/**
 * Records as one would write them first: `createCipheriv` with the key's bytes for each, and `Buffer.concat`. node-dtls-client
 * protects them this way.
 */
export interface NaiveRecords {
  protect(plaintext: Uint8Array): Uint8Array;
  open(record: Uint8Array): Uint8Array;
}

const ciphers: Readonly<Record<string, { name: string; keyLength: number; tagLength: number; explicit: boolean }>> = {
  TLS_PSK_WITH_AES_128_CCM_8: { name: 'aes-128-ccm', keyLength: 16, tagLength: 8, explicit: true },
  TLS_PSK_WITH_AES_128_CCM: { name: 'aes-128-ccm', keyLength: 16, tagLength: 16, explicit: true },
  TLS_PSK_WITH_AES_256_CCM_8: { name: 'aes-256-ccm', keyLength: 32, tagLength: 8, explicit: true },
  TLS_PSK_WITH_AES_256_CCM: { name: 'aes-256-ccm', keyLength: 32, tagLength: 16, explicit: true },
  TLS_PSK_WITH_AES_128_GCM_SHA256: { name: 'aes-128-gcm', keyLength: 16, tagLength: 16, explicit: true },
  TLS_PSK_WITH_AES_256_GCM_SHA384: { name: 'aes-256-gcm', keyLength: 32, tagLength: 16, explicit: true },
  TLS_PSK_WITH_CHACHA20_POLY1305_SHA256: { name: 'chacha20-poly1305', keyLength: 32, tagLength: 16, explicit: false },
};

const headerLength = 13;

/** Both directions under a fixed key. @throws Unable for CBC suites: their MAC would be another measurement. */
export function naiveRecords(suite: string): NaiveRecords {
  const cipher = ciphers[suite];
  if (cipher === undefined) throw new Unable('only AEAD suites are tried naively');
  const { name, tagLength, explicit } = cipher;
  const key = Buffer.alloc(cipher.keyLength, 7);
  const iv = Buffer.alloc(explicit ? 4 : 12, 9);
  const options = { authTagLength: tagLength };
  let sequence = 0;

  const nonceOf = (number: Buffer): Buffer => {
    if (explicit) return Buffer.concat([iv, number]);
    const nonce = Buffer.from(iv);
    for (let i = 0; i < 8; i++) nonce[4 + i] = (iv[4 + i] ?? 0) ^ (number[i] ?? 0);
    return nonce;
  };
  const headerOf = (number: Buffer, length: number): Buffer => {
    const header = Buffer.alloc(headerLength);
    header[0] = 23;
    header.writeUInt16BE(0xfefd, 1);
    number.copy(header, 3);
    header.writeUInt16BE(length, 11);
    return header;
  };
  const additionalData = (header: Uint8Array, number: Uint8Array, length: number): Buffer =>
    Buffer.concat([number, header.subarray(0, 3), Uint8Array.of(length >>> 8, length)]);

  return {
    protect: (plaintext) => {
      const number = Buffer.alloc(8);
      number.writeUInt16BE(1, 0);
      number.writeUIntBE(sequence++, 2, 6);
      const header = headerOf(number, (explicit ? 8 : 0) + plaintext.length + tagLength);
      const encryption = createCipheriv(name as CipherCCMTypes, key, nonceOf(number), options);
      encryption.setAAD(additionalData(header, number, plaintext.length), { plaintextLength: plaintext.length });
      const ciphertext = Buffer.concat([encryption.update(plaintext), encryption.final()]);
      return Buffer.concat([header, ...(explicit ? [number] : []), ciphertext, encryption.getAuthTag()]);
    },
    open: (record) => {
      const header = record.subarray(0, headerLength);
      const number = Buffer.from(record.subarray(3, 11));
      const start = headerLength + (explicit ? 8 : 0);
      const end = record.length - tagLength;
      const nonce = nonceOf(explicit ? Buffer.from(record.subarray(headerLength, start)) : number);
      const decryption = createDecipheriv(name as CipherCCMTypes & CipherGCMTypes, key, nonce, options);
      decryption.setAuthTag(record.subarray(end));
      decryption.setAAD(additionalData(header, number, end - start), { plaintextLength: end - start });
      return Buffer.concat([decryption.update(record.subarray(start, end)), decryption.final()]);
    },
  };
}
