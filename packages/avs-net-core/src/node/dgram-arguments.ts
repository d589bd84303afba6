import type { BindOptions } from 'node:dgram';

// What the overloads of dgram mean, once and for all.

/** A call of `send`, understood. */
export interface SendCall {
  readonly data: Buffer;
  /** Undefined: to the connected peer. */
  readonly port: number | undefined;
  readonly address: string | undefined;
  readonly callback: ((error: Error | null, bytes: number) => void) | undefined;
}

/** A call of `bind`, or of `connect`, understood. */
export interface AddressCall {
  readonly port: number | undefined;
  readonly address: string | undefined;
  readonly callback: ((error?: Error) => void) | undefined;
}

/**
 * `send(msg[, offset, length][, port[, address]][, callback])`, where `msg` is bytes, text or a list of them.
 * @throws TypeError, RangeError naming the argument.
 */
export function parseSend(message: unknown, given: readonly unknown[]): SendCall {
  const { rest, callback } = splitCallback(given);
  const hasRange = typeof rest[1] === 'number';
  const [port, address] = hasRange ? rest.slice(2) : rest;
  let data = bytesOf(message);
  if (hasRange) data = rangeOf(data, rest[0], rest[1]);
  return {
    data,
    port: isAbsent(port) ? undefined : parsePort(port, 1),
    address: parseAddress(address),
    callback: callback as SendCall['callback'],
  };
}

/** `bind([port][, address][, callback])` or `bind(options[, callback])`; and `connect(port[, address][, callback])`. @throws TypeError, RangeError */
export function parseAddressCall(given: readonly unknown[], leastPort: number): AddressCall {
  const { rest, callback } = splitCallback(given);
  let [port, address] = rest;
  if (typeof port === 'object' && port !== null) ({ port, address } = port as BindOptions);
  return {
    port: isAbsent(port) ? undefined : parsePort(port, leastPort),
    address: parseAddress(address),
    callback: callback as AddressCall['callback'],
  };
}

const isAbsent = (value: unknown): boolean => value === undefined || value === null;

function splitCallback(given: readonly unknown[]): { rest: unknown[]; callback: unknown } {
  const rest = [...given];
  while (rest.length > 0 && isAbsent(rest.at(-1))) rest.pop();
  const callback = typeof rest.at(-1) === 'function' ? rest.pop() : undefined;
  while (rest.length > 0 && isAbsent(rest.at(-1))) rest.pop();
  return { rest, callback };
}

function parsePort(value: unknown, least: number): number {
  const port = typeof value === 'string' && value.trim() !== '' ? Number(value) : value;
  if (typeof port !== 'number') throw new TypeError('port: expected a number');
  if (!Number.isInteger(port) || port < least || port > 65_535) {
    throw new RangeError(`port: expected ${least} to 65535, got ${port}`);
  }
  return port;
}

function parseAddress(value: unknown): string | undefined {
  if (isAbsent(value) || value === '') return undefined;
  if (typeof value !== 'string') throw new TypeError('address: expected a string');
  return value;
}

/** A copy of what is to be sent. */
function bytesOf(message: unknown): Buffer {
  if (Array.isArray(message)) return Buffer.concat(message.map(bytesOf));
  if (typeof message === 'string') return Buffer.from(message);
  if (ArrayBuffer.isView(message)) {
    return Buffer.from(new Uint8Array(message.buffer, message.byteOffset, message.byteLength));
  }
  throw new TypeError('msg: expected a string, a Buffer, a typed array, a DataView, or a list of them');
}

function rangeOf(data: Buffer, offset: unknown, length: unknown): Buffer {
  for (const [name, value] of Object.entries({ offset, length })) {
    if (typeof value !== 'number') throw new TypeError(`${name}: expected a number`);
  }
  const [start, count] = [Number(offset), Number(length)];
  if (!Number.isInteger(start) || start < 0 || start > data.length) {
    throw new RangeError(`offset: expected 0 to ${data.length}, got ${start}`);
  }
  if (!Number.isInteger(count) || count < 0 || start + count > data.length) {
    throw new RangeError(`length: expected 0 to ${data.length - start}, got ${count}`);
  }
  return data.subarray(start, start + count);
}
