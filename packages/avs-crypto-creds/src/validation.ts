import { type AvsError, errnoError, type SecurityInfoSource, type SecurityInfoType } from '@avs-net/core';
import { isBytes } from './bytes.js';
import { BufferDescriptor, EmptyDescriptor, EngineDescriptor, FileDescriptor, PathDescriptor } from './descriptors.js';
import { isSecurityInfoSource, isSecurityInfoType, type SimpleSecurityInfo, sourcesByType } from './info-types.js';
import { pskIdentityLimits, pskKeyLimits } from './limits.js';

/** EINVAL about a field: its path, and what is wrong with it. */
export function invalid(path: string, problem: string): AvsError {
  return errnoError('EINVAL', `${path} ${problem}`);
}

/** A tag for a message; what does not look like one stays out of it. */
function quote(value: unknown): string {
  return typeof value === 'string' && /^[a-z-]{1,32}$/.test(value) ? `'${value}'` : `not one (${typeof value})`;
}

/** `desc`, if it can be a descriptor at all. @throws EINVAL it is not an object. */
export function readObject(desc: unknown, path: string): object {
  if (typeof desc !== 'object' || desc === null) throw invalid(path, 'must be a descriptor with a type and a source');
  return desc;
}

/** The type that `desc` says it has. @throws EINVAL an unknown type, or not `expected`. */
export function readType(desc: object, expected: SecurityInfoType | undefined, path: string): SecurityInfoType {
  const type: unknown = Reflect.get(desc, 'type');
  if (!isSecurityInfoType(type)) throw invalid(`${path}.type`, `must be the tag of a credential, is ${quote(type)}`);
  if (expected !== undefined && type !== expected)
    throw invalid(`${path}.type`, `is '${type}' where '${expected}' belongs`);
  return type;
}

/** The source that `desc` says it has. @throws EINVAL unknown, or not one that `type` may come from. */
export function readSource(desc: object, type: SecurityInfoType, path: string): SecurityInfoSource {
  const source: unknown = Reflect.get(desc, 'source');
  if (!isSecurityInfoSource(source))
    throw invalid(`${path}.source`, `must be the tag of a source, is ${quote(source)}`);
  if (!sourcesByType[type].includes(source)) {
    const allowed = sourcesByType[type].map((name) => `'${name}'`).join(', ');
    throw invalid(`${path}.source`, `is '${source}', but a ${type} comes from one of ${allowed}`);
  }
  return source;
}

function readText(desc: object, key: string, path: string): string {
  const value: unknown = Reflect.get(desc, key);
  if (typeof value !== 'string') throw invalid(`${path}.${key}`, 'must be a string');
  checkText(value, `${path}.${key}`);
  return value;
}

/** @throws EINVAL text with half of a surrogate pair: UTF-8 cannot carry it. */
export function checkText(value: string, path: string): void {
  if (/\p{Surrogate}/u.test(value)) throw invalid(path, 'is not well-formed Unicode');
}

function readName(desc: object, key: string, path: string): string {
  const value = readText(desc, key, path);
  if (value === '') throw invalid(`${path}.${key}`, 'must not be empty');
  if (value.includes('\0')) throw invalid(`${path}.${key}`, 'holds a zero character');
  return value;
}

function readPassword(desc: object, type: SecurityInfoType, path: string): string | undefined {
  if (Reflect.get(desc, 'password') === undefined) return undefined;
  if (type !== 'private-key') throw invalid(`${path}.password`, `is given, but a ${type} takes none`);
  return readText(desc, 'password', path);
}

/** @throws EINVAL a length that is outside the limits of `type`, naming them. */
export function checkLength(type: SecurityInfoType, length: number, path: string): void {
  if (type === 'psk-key' || type === 'psk-identity') {
    const { min, max } = type === 'psk-key' ? pskKeyLimits : pskIdentityLimits;
    if (length < min || length > max)
      throw invalid(path, `has ${length} bytes, but a ${type} is limited to ${min} to ${max} bytes`);
  } else if (length === 0) {
    throw invalid(path, 'must not be empty');
  }
}

/** A copy of a descriptor that is not a compound, every field checked. @throws EINVAL naming the field. */
export function readSimple<T extends SecurityInfoType>(
  desc: object,
  type: T,
  source: Exclude<SecurityInfoSource, 'array' | 'list'>,
  path: string,
): SimpleSecurityInfo<T> {
  switch (source) {
    case 'empty':
      return new EmptyDescriptor(type);
    case 'file':
      return new FileDescriptor(type, readName(desc, 'filename', path), readPassword(desc, type, path));
    case 'path':
      return new PathDescriptor(type, readName(desc, 'path', path));
    case 'engine':
      return new EngineDescriptor(type, readName(desc, 'query', path));
    case 'buffer': {
      const buffer: unknown = Reflect.get(desc, 'buffer');
      if (!isBytes(buffer)) throw invalid(`${path}.buffer`, 'must be a Uint8Array');
      checkLength(type, buffer.length, `${path}.buffer`);
      return new BufferDescriptor(type, buffer, readPassword(desc, type, path));
    }
  }
}
