import { errnoError, type SecurityInfoType } from '@avs-net/core';
import { clearBuffer } from './bytes.js';
import { flattenDesc, readDesc } from './copy.js';
import { loadFromEngine } from './engines.js';
import type { SimpleSecurityInfo } from './info-types.js';
import { pskIdentityLimits, pskKeyLimits } from './limits.js';
import type { CredentialLoader, CredentialPlatform, LoadOptions } from './loader.js';
import { checkLength, invalid } from './validation.js';

/** What loads the credentials of a client with a pre-shared key. */
export type PskLoader = Pick<CredentialLoader, 'loadPskKey' | 'loadPskIdentity'>;

/** As `createCredentialLoader`, for pre-shared keys alone: without what reads certificates. */
export function createPskLoader(platform: Pick<CredentialPlatform, 'readFile'>): PskLoader {
  return {
    loadPskKey: (info, options) => loadPsk(platform, info, 'psk-key', nameIn(options)),
    loadPskIdentity: (info, options) => loadPsk(platform, info, 'psk-identity', nameIn(options)),
  };
}

/** What errors call a credential. */
export function nameIn(options: LoadOptions | undefined): string {
  return options?.name ?? 'info';
}

type Loadable<T extends SecurityInfoType> = Exclude<SimpleSecurityInfo<T>, { source: 'empty' }>;

/** The one descriptor of a type that cannot be a compound, copied. @throws EINVAL there is none. */
export function single<T extends SecurityInfoType>(info: unknown, type: T, name: string): Loadable<T> {
  const [leaf] = flattenDesc(readDesc(info, name), type, `${name}.desc`);
  if (leaf === undefined) throw invalid(`${name}.desc.source`, `is 'empty', but a ${type} is needed`);
  return leaf;
}

async function loadPsk(
  platform: Pick<CredentialPlatform, 'readFile'>,
  info: unknown,
  type: 'psk-key' | 'psk-identity',
  name: string,
): Promise<Uint8Array> {
  const leaf = single(info, type, name);
  const where = `${name}.desc`;
  if (leaf.source === 'buffer') return leaf.buffer;
  let bytes: Uint8Array;
  let found: string;
  if (leaf.source === 'file') {
    const { max } = type === 'psk-key' ? pskKeyLimits : pskIdentityLimits;
    bytes = await platform.readFile(leaf.filename, max + 1);
    if (bytes.length > max) {
      clearBuffer(bytes);
      throw invalid(
        where,
        `names ${leaf.filename}, which is longer than the ${max} bytes that a ${type} is limited to`,
      );
    }
    found = `${where}: ${leaf.filename}`;
  } else if (leaf.source === 'engine') {
    bytes = onlyOne(await loadFromEngine(type, leaf.query, where), type, where);
    found = `${where}: what the engine gave`;
  } else {
    throw invalid(`${where}.source`, `is '${leaf.source}', which a ${type} cannot come from`);
  }
  try {
    checkLength(type, bytes.length, found);
    return bytes;
  } catch (error) {
    clearBuffer(bytes);
    throw error;
  }
}

/** What an engine gave, if it is one. @throws EIO it is not. */
export function onlyOne(all: readonly Uint8Array[], type: SecurityInfoType, where: string): Uint8Array {
  const [first] = all;
  if (first !== undefined && all.length === 1) return first;
  for (const bytes of all) clearBuffer(bytes);
  throw errnoError('EIO', `${where}.query: the engine gave ${all.length} credentials for one ${type}`);
}
