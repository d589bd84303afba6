import { type AvsError, errnoError } from './errors.js';

// Checks of what callers hand over. A wrong type is a TypeError, a wrong value is EINVAL; both name the argument.

/** EINVAL for the argument `name`. */
export function invalid(name: string, expected: string): AvsError {
  return errnoError('EINVAL', `${name} must be ${expected}`);
}

/** @throws TypeError unless `value` is a number. */
export function checkNumber(name: string, value: unknown): asserts value is number {
  if (typeof value !== 'number') throw new TypeError(`${name} must be a number`);
}

/** @throws TypeError not a number; EINVAL not a whole number of `least` to `most`. */
export function checkInteger(name: string, value: unknown, least: number, most: number): asserts value is number {
  checkNumber(name, value);
  if (!Number.isInteger(value) || value < least || value > most) {
    throw invalid(name, `a whole number from ${least} to ${most}`);
  }
}

/** @throws TypeError unless `value` is a string. */
export function checkString(name: string, value: unknown): asserts value is string {
  if (typeof value !== 'string') throw new TypeError(`${name} must be a string`);
}

/** @throws TypeError unless `value` is bytes. */
export function checkBytes(name: string, value: unknown): asserts value is Uint8Array {
  if (!(value instanceof Uint8Array)) throw new TypeError(`${name} must be a Uint8Array`);
}

/** @throws TypeError unless `value` is an object. */
export function checkObject(name: string, value: unknown): asserts value is object {
  if (typeof value !== 'object' || value === null) throw new TypeError(`${name} must be an object`);
}

/** @throws TypeError unless `value` is undefined or a boolean. */
export function checkOptionalBoolean(name: string, value: unknown): asserts value is boolean | undefined {
  if (value !== undefined && typeof value !== 'boolean') throw new TypeError(`${name} must be a boolean`);
}

/** @throws TypeError unless `value` is undefined or a function. */
export function checkOptionalFunction(name: string, value: unknown): void {
  if (value !== undefined && typeof value !== 'function') throw new TypeError(`${name} must be a function`);
}

/** @throws TypeError not a string; EINVAL empty, or with a NUL in it. */
export function checkHost(name: string, value: unknown): asserts value is string {
  checkString(name, value);
  if (value === '') throw invalid(name, 'a name or an address, not an empty string');
  if (value.includes('\0')) throw invalid(name, 'free of NUL');
}

/** @throws TypeError not a number; EINVAL not 1 to 65535. */
export function checkPort(name: string, value: unknown): asserts value is number {
  checkInteger(name, value, 1, 65_535);
}
