import { type AvsError, errnoError } from '@avs-net/core';
import { isBytes } from './bytes.js';
import { wholeSequence } from './der.js';
import { maxElements } from './limits.js';

const marker = /* @__PURE__ */ (() => new TextEncoder().encode('-----BEGIN '))();
const longestLine = 1024;
const maxHeaders = 16;
const lf = 10;
const cr = 13;

/** One block of a PEM file. Its data may be a private key: it never shows in inspection or JSON. */
export class PemBlock {
  /** What stands after `BEGIN`, such as `CERTIFICATE`. */
  readonly label: string;
  /** RFC 1421 headers, such as `DEK-Info`: there in traditionally encrypted private keys. */
  readonly headers: ReadonlyMap<string, string>;
  readonly #data: Uint8Array;

  /** @internal */
  constructor(label: string, headers: ReadonlyMap<string, string>, data: Uint8Array) {
    this.label = label;
    this.headers = headers;
    this.#data = data;
  }

  /** The decoded bytes: the block's own, not a copy. */
  get data(): Uint8Array {
    return this.#data;
  }

  toJSON(): Record<string, unknown> {
    return { label: this.label, data: `<${this.#data.length} bytes>` };
  }

  [Symbol.for('nodejs.util.inspect.custom')](): Record<string, unknown> {
    return this.toJSON();
  }
}

function malformed(problem: string): AvsError {
  return errnoError('EBADMSG', `malformed PEM: ${problem}`);
}

function indexOfMarker(bytes: Uint8Array): number {
  for (let at = bytes.indexOf(0x2d); at >= 0; at = bytes.indexOf(0x2d, at + 1))
    if (marker.every((byte, i) => bytes[at + i] === byte)) return at;
  return -1;
}

/**
 * Whether `bytes` are DER (one SEQUENCE from the first byte to the last) or PEM (they hold a `-----BEGIN` line); undefined if
 * neither.
 * @throws TypeError `bytes` is not a Uint8Array.
 */
export function detectEncoding(bytes: Uint8Array): 'pem' | 'der' | undefined {
  if (!isBytes(bytes)) throw new TypeError('bytes must be a Uint8Array');
  if (wholeSequence(bytes) !== undefined) return 'der';
  return indexOfMarker(bytes) >= 0 ? 'pem' : undefined;
}

function base64Value(byte: number): number {
  if (byte >= 0x41 && byte <= 0x5a) return byte - 0x41;
  if (byte >= 0x61 && byte <= 0x7a) return byte - 0x61 + 26;
  if (byte >= 0x30 && byte <= 0x39) return byte - 0x30 + 52;
  if (byte === 0x2b) return 62;
  return byte === 0x2f ? 63 : -1;
}

/** Decodes from bytes to bytes: a string of a private key could not be wiped. RFC 4648 §4, white space ignored. */
function decodeBase64(bytes: Uint8Array): Uint8Array {
  const result = new Uint8Array(Math.ceil(bytes.length / 4) * 3);
  let length = 0;
  let digits = 0;
  let padding = 0;
  let bits = 0;
  for (const byte of bytes) {
    if (byte === 0x20 || (byte >= 9 && byte <= 13)) continue;
    if (byte === 0x3d) {
      padding++;
      continue;
    }
    const value = base64Value(byte);
    if (value < 0 || padding > 0) throw malformed('a block is not base64');
    bits = ((bits << 6) | value) & 0xfff;
    digits++;
    if (digits % 4 !== 1) result[length++] = (bits >> (6 - 2 * ((digits - 1) % 4))) & 0xff;
  }
  const leftover = digits % 4;
  if (leftover === 1 || padding !== (4 - leftover) % 4) throw malformed('the base64 of a block is cut short');
  if (leftover > 0 && (bits & (leftover === 2 ? 0xf : 0x3)) !== 0)
    throw malformed('the base64 of a block has stray bits');
  const exact = result.slice(0, length);
  result.fill(0);
  return exact;
}

/** The lines of `bytes`, with where each begins and ends; of each at most 1,024 bytes as text. */
function* lines(bytes: Uint8Array): Generator<{ text: string; start: number; next: number }> {
  for (let start = 0; start < bytes.length; ) {
    let end = start;
    while (end < bytes.length && bytes[end] !== lf && bytes[end] !== cr) end++;
    const next = bytes[end] === cr && bytes[end + 1] === lf ? end + 2 : end + 1;
    const first = bytes.subarray(start, end).find((byte) => byte !== 0x20 && byte !== 9);
    // Text is made of lines that matter only: not of base64, which may be a key.
    const plain = first === undefined || first === 0x2d || bytes.subarray(start, end).includes(0x3a);
    const text = plain ? String.fromCharCode(...bytes.subarray(start, Math.min(end, start + longestLine))) : 'base64';
    yield { text, start, next: Math.min(next, bytes.length) };
    start = next;
  }
}

/**
 * The blocks of a PEM file, in order. What stands between blocks is ignored.
 * @throws TypeError `bytes` is not a Uint8Array; EBADMSG a block that does not end, or is not base64. RFC 7468, RFC 1421 §4.6.
 */
export function splitPem(bytes: Uint8Array): PemBlock[] {
  if (!isBytes(bytes)) throw new TypeError('bytes must be a Uint8Array');
  const blocks: PemBlock[] = [];
  let label: string | undefined;
  let headers = new Map<string, string>();
  let inHeaders = false;
  let body = 0;
  for (const { text, start, next } of lines(bytes)) {
    const [, edge, name] = /^-----(BEGIN|END) ([ -~]*)-----$/.exec(text.trim()) ?? [];
    if (label === undefined) {
      if (edge !== 'BEGIN' || name === undefined) continue;
      if (blocks.length === maxElements) throw malformed(`more than ${maxElements} blocks`);
      label = name;
      headers = new Map();
      inHeaders = true;
      body = next;
    } else if (edge === 'BEGIN') {
      throw malformed('a block begins within another');
    } else if (edge === 'END') {
      if (name !== label) throw malformed('a block ends with the label of another');
      blocks.push(new PemBlock(label, headers, decodeBase64(bytes.subarray(body, start))));
      label = undefined;
    } else if (inHeaders) {
      const [, key, value] = /^([!-9;-~]+):[ \t]*(.*)$/.exec(text.trimEnd()) ?? [];
      inHeaders = key !== undefined && value !== undefined;
      if (headers.size === maxHeaders) throw malformed(`more than ${maxHeaders} headers`);
      if (key !== undefined && value !== undefined) headers.set(key, value);
      if (inHeaders || text.trim() === '') body = next;
    }
  }
  if (label !== undefined) throw malformed('a block has no end');
  return blocks;
}
