import { errnoError } from '@avs-net/core';
import { type AeadName, aeadSizes, type HashName } from './provider.js';

/** @throws TypeError naming the argument if it is not a `Uint8Array`; EINVAL if lengths are given and its own is none of them. */
export function requireBytes(name: string, value: Uint8Array, length?: number, ...others: readonly number[]): void {
  if (!(value instanceof Uint8Array)) throw new TypeError(`${name} must be a Uint8Array`);
  if (length === undefined || value.length === length || others.includes(value.length)) return;
  throw errnoError('EINVAL', `${name} must be ${[length, ...others].join(' or ')} bytes, not ${value.length}`);
}

/** @throws EINVAL unless `buffer[start, start + length)` and `extra` bytes behind it exist; TypeError if `buffer` is no `Uint8Array`. */
export function requireRange(buffer: Uint8Array, start: number, length: number, extra: number): void {
  if (!(buffer instanceof Uint8Array)) throw new TypeError('buffer must be a Uint8Array');
  if (!Number.isInteger(start) || start < 0) throw errnoError('EINVAL', 'start must be an offset in buffer');
  if (!Number.isInteger(length) || length < 0) throw errnoError('EINVAL', 'length must be a number of bytes');
  if (start + length + extra > buffer.length) {
    throw errnoError('EINVAL', `buffer has ${buffer.length} bytes, ${start + length + extra} are needed`);
  }
}

/** Checks the arguments of `CryptoProvider.aead`. @throws EINVAL, TypeError naming the argument. */
export function requireAeadKey(name: AeadName, key: Uint8Array): void {
  if (!Object.hasOwn(aeadSizes, name)) throw errnoError('EINVAL', `no AEAD is named ${String(name)}`);
  requireBytes('key', key, aeadSizes[name].keyLength);
}

/** Checks the arguments of the operations of an `Aead`. @throws EINVAL, TypeError naming the argument. */
export function requireAeadArguments(
  nonce: Uint8Array,
  aad: Uint8Array,
  buffer: Uint8Array,
  start: number,
  length: number,
  tag: number,
): void {
  requireBytes('nonce', nonce, 12);
  requireBytes('aad', aad);
  requireRange(buffer, start, length, tag);
}

/** @throws as `Cbc` says: EINVAL for an IV that is not 16 bytes, or a range that is outside of `buffer` or no multiple of 16. */
export function requireBlocks(iv: Uint8Array, buffer: Uint8Array, start: number, length: number): void {
  requireBytes('iv', iv, 16);
  requireRange(buffer, start, length, 0);
  if (length % 16 !== 0) throw errnoError('EINVAL', `length must be a multiple of 16, not ${length}`);
}

/** @throws EINVAL unless `name` is a {@link HashName}. */
export function requireHashName(name: HashName): void {
  if (name !== 'sha256' && name !== 'sha384')
    throw errnoError('EINVAL', `hash must be sha256 or sha384, not ${String(name)}`);
}
