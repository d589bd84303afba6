import { type AvsError, errnoError } from '@avs-net/core';
import { clearBuffer, copyBytes } from './bytes.js';
import { type DerElement, DerTag, derChildren, derInteger, wholeSequence, writeDer } from './der.js';
import { maxKdfRounds } from './limits.js';
import { detectEncoding, type PemBlock, splitPem } from './pem.js';

/** A private key that cannot be read without its password. */
export type EncryptedPrivateKey =
  /** EncryptedPrivateKeyInfo, DER. RFC 5958 §3. */
  | { readonly format: 'pkcs8'; readonly data: Uint8Array }
  /** The body of a PEM block with the header `DEK-Info`, which names the cipher and its IV. RFC 1421 §4.6.1.3 */
  | {
      readonly format: 'traditional';
      readonly label: 'RSA PRIVATE KEY' | 'EC PRIVATE KEY';
      readonly dekInfo: string;
      readonly data: Uint8Array;
    };

/** Turns an encrypted private key into PKCS#8 DER. Rejects with an AvsError. */
export type PrivateKeyDecrypter = (key: EncryptedPrivateKey, password: string) => Uint8Array | Promise<Uint8Array>;

type PlainKeyFormat = 'pkcs8' | 'pkcs1' | 'sec1';

// AlgorithmIdentifier parts: rsaEncryption with NULL (RFC 8017 §A.1), id-ecPublicKey (RFC 5480 §2.1.1).
const rsaAlgorithm = Uint8Array.of(0x06, 0x09, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 0x01, 0x05, 0x00);
const ecPublicKey = Uint8Array.of(0x06, 0x07, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x02, 0x01);
const versionZero = Uint8Array.of(0x02, 0x01, 0x00);

function malformed(where: string, problem: string): AvsError {
  return errnoError('EBADMSG', `${where}: ${problem}`);
}

/** What kind of private key a DER SEQUENCE is, by its first elements: RFC 5958 §2 and §3, RFC 8017 §A.1.2, RFC 5915 §3. */
function keyFormat(der: Uint8Array): PlainKeyFormat | 'encrypted' | undefined {
  const root = wholeSequence(der);
  const children = root && derChildren(der, root);
  const [first, second, third] = children ?? [];
  if (children === undefined || first === undefined || second === undefined) return undefined;
  if (first.tag === DerTag.sequence)
    return second.tag === DerTag.octetString && children.length === 2 ? 'encrypted' : undefined;
  if (first.tag !== DerTag.integer) return undefined;
  const version = derInteger(der, first);
  if (second.tag === DerTag.sequence && third?.tag === DerTag.octetString && version <= 1) return 'pkcs8';
  if (second.tag === DerTag.octetString && version === 1) return 'sec1';
  const integers = children.filter((child) => child.tag === DerTag.integer).length;
  return integers >= 9 && version <= 1 ? 'pkcs1' : undefined;
}

function wrapKey(algorithm: readonly Uint8Array[], key: Uint8Array): Uint8Array {
  const octets = writeDer(DerTag.octetString, key);
  try {
    return writeDer(DerTag.sequence, versionZero, writeDer(DerTag.sequence, ...algorithm), octets);
  } finally {
    clearBuffer(octets);
  }
}

/** The curve in an ECPrivateKey: the content of its element `[0]`. RFC 5915 §3 */
function curveOf(der: Uint8Array): Uint8Array | undefined {
  const root = wholeSequence(der);
  const children = (root && derChildren(der, root)) ?? [];
  const parameters = children.find((child) => child.tag === DerTag.context0);
  return parameters && der.slice(parameters.content, parameters.end);
}

/** PKCS#8 DER of an unencrypted key, in memory of its own. */
function toPkcs8(der: Uint8Array, format: PlainKeyFormat, where: string): Uint8Array {
  if (format === 'pkcs8') return copyBytes(der);
  if (format === 'pkcs1') return wrapKey([rsaAlgorithm], der);
  const curve = curveOf(der);
  if (curve === undefined) throw malformed(where, 'the EC private key does not name its curve');
  return wrapKey([ecPublicKey, curve], der);
}

/** Looks for a number of rounds in the parameters of an encryption algorithm (RFC 8018 §A) that would take too long. */
function checkRounds(der: Uint8Array, where: string): void {
  const root = wholeSequence(der);
  const pending: { element: DerElement; depth: number }[] = root ? [{ element: root, depth: 0 }] : [];
  for (let next = pending.pop(); next !== undefined; next = pending.pop()) {
    const { element, depth } = next;
    if (element.tag === DerTag.integer && derInteger(der, element) > maxKdfRounds)
      throw malformed(where, `the key derivation takes more than ${maxKdfRounds} rounds`);
    if (element.tag !== DerTag.sequence || depth > 8) continue;
    for (const child of derChildren(der, element) ?? []) pending.push({ element: child, depth: depth + 1 });
  }
}

/** One private key as found, decrypted or not. */
function encryptedKey(block: PemBlock, where: string): EncryptedPrivateKey | undefined {
  const dekInfo = block.headers.get('DEK-Info');
  if (dekInfo === undefined && !block.headers.get('Proc-Type')?.includes('ENCRYPTED')) return undefined;
  if (dekInfo === undefined || !/^[A-Za-z0-9-]{1,32},[0-9A-Fa-f]{1,64}$/.test(dekInfo))
    throw malformed(where, 'the header DEK-Info of the encrypted private key is missing or malformed');
  const { label, data } = block;
  if (label !== 'RSA PRIVATE KEY' && label !== 'EC PRIVATE KEY')
    throw malformed(where, 'the header DEK-Info belongs to traditional RSA and EC private keys only');
  return { format: 'traditional', label, dekInfo, data };
}

const keyLabels = ['PRIVATE KEY', 'ENCRYPTED PRIVATE KEY', 'RSA PRIVATE KEY', 'EC PRIVATE KEY'];

/**
 * A private key in PEM or DER as PKCS#8 DER, in memory of its own.
 * @param where names the source in errors.
 * @throws EBADMSG not one private key, or it cannot be decrypted; EINVAL it is encrypted and there is no password.
 */
export async function decodePrivateKey(
  bytes: Uint8Array,
  password: string | undefined,
  decrypt: PrivateKeyDecrypter,
  where: string,
): Promise<Uint8Array> {
  const blocks = detectEncoding(bytes) === 'der' ? undefined : splitPem(bytes);
  try {
    const keys = blocks?.filter((block) => keyLabels.includes(block.label));
    const [block] = keys ?? [];
    if (keys !== undefined && block === undefined)
      throw malformed(where, 'there is no private key: neither DER nor a PEM block of one');
    if (keys !== undefined && keys.length > 1) throw malformed(where, `there are ${keys.length} private keys, not one`);
    const data = block?.data ?? bytes;
    let encrypted = block && encryptedKey(block, where);
    if (encrypted === undefined) {
      const format = keyFormat(data);
      if (format === undefined)
        throw malformed(where, 'the private key is none of PKCS#8, PKCS#1 (RSA) and SEC 1 (EC)');
      if (format !== 'encrypted') return toPkcs8(data, format, where);
      encrypted = { format: 'pkcs8', data };
    }
    if (password === undefined)
      throw errnoError('EINVAL', `${where}: the private key is encrypted: password is needed`);
    if (encrypted.format === 'pkcs8') checkRounds(data, where);
    const der = await decrypt(encrypted, password);
    if (keyFormat(der) !== 'pkcs8') throw malformed(where, 'what was decrypted is not a PKCS#8 private key');
    return copyBytes(der);
  } finally {
    for (const { data } of blocks ?? []) clearBuffer(data);
  }
}
