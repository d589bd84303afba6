import {
  type AvsErrnoName,
  AvsError,
  type CertificateChainInfo,
  type CertRevocationListInfo,
  errnoError,
  type PrivateKeyInfo,
  type PskIdentityInfo,
  type PskKeyInfo,
} from '@avs-net/core';
import { clearBuffer } from './bytes.js';
import { flattenDesc, readDesc } from './copy.js';
import { loadFromEngine } from './engines.js';
import { decodePrivateKey, type PrivateKeyDecrypter } from './key-encoding.js';
import { maxElements, maxFileLength } from './limits.js';
import { decodePki } from './pki-encoding.js';
import { createPskLoader, nameIn, onlyOne, single } from './psk-loader.js';
import { invalid } from './validation.js';

/** What loading needs of the platform. Every function rejects with an AvsError. */
export interface CredentialPlatform {
  /** The first bytes of a file, at most `maxLength`, in memory that the loader may keep and wipe. */
  readFile(filename: string, maxLength: number): Promise<Uint8Array>;
  /** The names of the regular files in a directory, such that `readFile` takes them, in a fixed order, at most `maxCount`. */
  listFiles(path: string, maxCount: number): Promise<readonly string[]>;
  /** Decrypts a private key to PKCS#8 DER. */
  readonly decryptPrivateKey: PrivateKeyDecrypter;
}

/** Options of one load. */
export interface LoadOptions {
  /** What errors call the credential, such as `security.key`. Default `info`. */
  readonly name?: string | undefined;
}

/**
 * Loads credentials. What `info` holds is copied before the call returns; the returned bytes are the caller's own, to wipe.
 *
 * Every function rejects with a TypeError if `info` is not an object; EINVAL naming the field for an invalid descriptor; the
 * error of the file system; EFBIG a file beyond 64 MiB; ENOENT no engine for a query; EBADMSG what was found is not a credential.
 */
export interface CredentialLoader {
  /** A pre-shared key, 1 to 256 bytes. EINVAL for any other length and for the source `empty`. */
  loadPskKey(info: PskKeyInfo, options?: LoadOptions): Promise<Uint8Array>;
  /** A PSK identity, 0 to 128 bytes. EINVAL for any other length and for the source `empty`. */
  loadPskIdentity(info: PskIdentityInfo, options?: LoadOptions): Promise<Uint8Array>;
  /** Certificates as DER, in order; none for the source `empty`. A directory fails only if no file in it loads. */
  loadCertificateChain(info: CertificateChainInfo, options?: LoadOptions): Promise<Uint8Array[]>;
  /** A private key as PKCS#8 DER. EINVAL for the source `empty`, and without the password of an encrypted one. */
  loadPrivateKey(info: PrivateKeyInfo, options?: LoadOptions): Promise<Uint8Array>;
  /** Revocation lists as DER, in order; none for the source `empty`. A directory fails only if no file in it loads. */
  loadCertRevocationLists(info: CertRevocationListInfo, options?: LoadOptions): Promise<Uint8Array[]>;
}

async function readPki(platform: CredentialPlatform, filename: string): Promise<Uint8Array> {
  const bytes = await platform.readFile(filename, maxFileLength + 1);
  if (bytes.length <= maxFileLength) return bytes;
  clearBuffer(bytes);
  throw errnoError('EFBIG', `${filename} is larger than ${maxFileLength} bytes`);
}

async function loadPrivateKey(platform: CredentialPlatform, info: unknown, name: string): Promise<Uint8Array> {
  const leaf = single(info, 'private-key', name);
  let bytes: Uint8Array;
  let where = `${name}.desc`;
  let password: string | undefined;
  if (leaf.source === 'buffer') {
    bytes = leaf.buffer;
    password = leaf.password;
  } else if (leaf.source === 'file') {
    bytes = await readPki(platform, leaf.filename);
    where += `: ${leaf.filename}`;
    password = leaf.password;
  } else if (leaf.source === 'engine') {
    bytes = onlyOne(await loadFromEngine('private-key', leaf.query, where), 'private-key', where);
  } else {
    throw invalid(`${where}.source`, `is '${leaf.source}', which a private-key cannot come from`);
  }
  try {
    return await decodePrivateKey(bytes, password, platform.decryptPrivateKey, where);
  } finally {
    clearBuffer(bytes);
  }
}

type PkiType = 'certificate-chain' | 'cert-revocation-list';

function append(loaded: Uint8Array[], more: readonly Uint8Array[], where: string): void {
  if (loaded.length + more.length > maxElements)
    throw errnoError('E2BIG', `${where} holds more than ${maxElements} credentials`);
  loaded.push(...more);
}

async function loadDirectory(platform: CredentialPlatform, path: string, type: PkiType): Promise<Uint8Array[]> {
  const filenames = await platform.listFiles(path, maxElements);
  const loaded: Uint8Array[] = [];
  const failures: AvsError[] = [];
  for (const filename of filenames) {
    try {
      append(loaded, decodePki(await readPki(platform, filename), type, filename), path);
    } catch (error) {
      if (!(error instanceof AvsError)) throw error;
      failures.push(error);
    }
  }
  if (loaded.length > 0) return loaded;
  if (failures.length === 0) throw errnoError('ENOENT', `${path} holds no files, so no ${type}`);
  const shown = failures.slice(0, 5).map((error) => error.message);
  const more = failures.length > shown.length ? `; and ${failures.length - shown.length} more` : '';
  const errno: AvsErrnoName = failures.every((error) => error.errno === failures[0]?.errno)
    ? (failures[0]?.errno ?? 'EBADMSG')
    : 'EBADMSG';
  throw errnoError(errno, `no file in ${path} could be loaded: ${shown.join('; ')}${more}`);
}

async function loadPki(
  platform: CredentialPlatform,
  info: unknown,
  type: PkiType,
  name: string,
): Promise<Uint8Array[]> {
  const where = `${name}.desc`;
  const leaves = flattenDesc(readDesc(info, name), type, where);
  const loaded: Uint8Array[] = [];
  for (const leaf of leaves) {
    switch (leaf.source) {
      case 'buffer':
        append(loaded, decodePki(leaf.buffer, type, where), where);
        break;
      case 'file':
        append(loaded, decodePki(await readPki(platform, leaf.filename), type, leaf.filename), where);
        break;
      case 'path':
        append(loaded, await loadDirectory(platform, leaf.path, type), where);
        break;
      case 'engine':
        for (const bytes of await loadFromEngine(type, leaf.query, where))
          append(loaded, decodePki(bytes, type, `${where}: what the engine gave`), where);
    }
  }
  return loaded;
}

/** Loaders over a platform of your own: for a runtime whose file system is not Node's. */
export function createCredentialLoader(platform: CredentialPlatform): CredentialLoader {
  return {
    ...createPskLoader(platform),
    loadCertificateChain: (info, options) => loadPki(platform, info, 'certificate-chain', nameIn(options)),
    loadPrivateKey: (info, options) => loadPrivateKey(platform, info, nameIn(options)),
    loadCertRevocationLists: (info, options) => loadPki(platform, info, 'cert-revocation-list', nameIn(options)),
  };
}
