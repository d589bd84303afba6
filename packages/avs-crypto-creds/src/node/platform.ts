import { createPrivateKey } from 'node:crypto';
import { errnoError } from '@avs-net/core';
import type { EncryptedPrivateKey } from '../key-encoding.js';
import type { CredentialPlatform } from '../loader.js';
import { listFiles, readFile } from './files.js';

function asOpenSslReads(
  key: EncryptedPrivateKey,
): { key: Buffer; format: 'pem' } | { key: Buffer; format: 'der'; type: 'pkcs8' } {
  if (key.format === 'pkcs8') return { key: Buffer.from(key.data), format: 'der', type: 'pkcs8' };
  const body =
    Buffer.from(key.data)
      .toString('base64')
      .match(/.{1,64}/g)
      ?.join('\n') ?? '';
  const headers = `Proc-Type: 4,ENCRYPTED\nDEK-Info: ${key.dekInfo}\n`;
  const pem = `-----BEGIN ${key.label}-----\n${headers}\n${body}\n-----END ${key.label}-----\n`;
  return { key: Buffer.from(pem), format: 'pem' };
}

function decryptPrivateKey(key: EncryptedPrivateKey, password: string): Uint8Array {
  try {
    const exported = createPrivateKey({ ...asOpenSslReads(key), passphrase: password }).export({
      format: 'der',
      type: 'pkcs8',
    });
    const der = new Uint8Array(exported);
    exported.fill(0);
    return der;
  } catch (error) {
    // OpenSSL reports a wrong password as this or that, also as "unsupported": it decides by what the padding looks like.
    throw errnoError(
      'EBADMSG',
      'the private key cannot be decrypted: the password is wrong, the key is damaged, or OpenSSL lacks its cipher',
      { cause: error },
    );
  }
}

/** Node's file system and OpenSSL. */
export const nodePlatform: CredentialPlatform = { readFile, listFiles, decryptPrivateKey };
