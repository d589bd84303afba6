import { errnoError } from '@avs-net/core';

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
