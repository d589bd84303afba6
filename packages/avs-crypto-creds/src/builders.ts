import type { CertificateChainInfo, CertRevocationListInfo, SecurityInfo, SecurityInfoType } from '@avs-net/core';
import { clearBuffer, isBytes } from './bytes.js';
import { copyDesc, readDesc } from './copy.js';
import { ArrayDescriptor, EmptyDescriptor, ListDescriptor } from './descriptors.js';
import { type InfoByType, wrap } from './info-types.js';
import { maxElements } from './limits.js';
import { checkText, readSimple } from './validation.js';

/** The argument as a string. @throws TypeError naming it. */
function requireString(value: unknown, name: string): string {
  if (typeof value !== 'string') throw new TypeError(`${name} must be a string`);
  return value;
}

function optionalString(value: unknown, name: string): string | undefined {
  return value === undefined ? undefined : requireString(value, name);
}

/** No credential. */
export function buildEmpty<T extends SecurityInfoType>(type: T): InfoByType[T] {
  return wrap<T>(new EmptyDescriptor(type));
}

/** A file. */
export function buildFromFile<T extends SecurityInfoType>(type: T, filename: string, password?: string): InfoByType[T] {
  const fields = { filename: requireString(filename, 'filename'), password: optionalString(password, 'password') };
  return wrap<T>(readSimple(fields, type, 'file', type));
}

/** A directory. */
export function buildFromPath<T extends SecurityInfoType>(type: T, path: string): InfoByType[T] {
  return wrap<T>(readSimple({ path: requireString(path, 'path') }, type, 'path', type));
}

/** Bytes; where the type allows text, its UTF-8. */
export function buildFromBuffer<T extends SecurityInfoType>(
  type: T,
  buffer: Uint8Array | string,
  password?: string,
): InfoByType[T] {
  if (typeof buffer === 'string' && type !== 'psk-key') {
    checkText(buffer, `${type}.buffer`);
    const bytes = new TextEncoder().encode(buffer);
    try {
      return buildFromBuffer(type, bytes, password);
    } finally {
      clearBuffer(bytes);
    }
  }
  if (!isBytes(buffer)) throw new TypeError(`buffer must be a Uint8Array${type === 'psk-key' ? '' : ' or a string'}`);
  const fields = { buffer, password: optionalString(password, 'password') };
  return wrap<T>(readSimple(fields, type, 'buffer', type));
}

/** What an engine holds. */
export function buildFromEngine<T extends SecurityInfoType>(type: T, query: string): InfoByType[T] {
  return wrap<T>(readSimple({ query: requireString(query, 'query') }, type, 'engine', type));
}

type CompoundType = (CertificateChainInfo | CertRevocationListInfo)['desc']['type'];

/** Several credentials of one type. The elements are copied. They count as they do in every use: all levels, and the compound itself. */
export function buildCompound<T extends CompoundType>(
  type: T,
  source: 'array' | 'list',
  infos: Iterable<InfoByType[T]>,
): InfoByType[T] {
  const name = source === 'array' ? 'array' : 'list';
  const iterable: unknown = infos;
  if (source === 'array' ? !Array.isArray(iterable) : typeof Object(iterable)[Symbol.iterator] !== 'function')
    throw new TypeError(`${name} must be ${source === 'array' ? 'an array' : 'an iterable'} of credentials`);
  const elements: SecurityInfo<T>[] = [];
  const budget = { left: maxElements - 1, owner: name };
  for (const info of infos) {
    const path = `${name}[${elements.length}]`;
    elements.push(copyDesc(readDesc(info, path), type, `${path}.desc`, budget));
  }
  return wrap<T>(source === 'array' ? new ArrayDescriptor(type, elements) : new ListDescriptor(type, elements));
}
