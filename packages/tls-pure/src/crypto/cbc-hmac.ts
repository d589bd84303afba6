import { errnoError } from '@avs-net/core';
import { requireBytes, requireRange } from './arguments.js';
import { constantTimeEqual, maskEqual, maskLess } from './constant-time.js';
import type { Cbc, CryptoProvider, Mac } from './provider.js';
import { SecretLengthHmac } from './secret-length-hmac.js';
import { wipe } from './wipe.js';

const blockLength = 16;
const ivLength = 16;
const macLength = 32;
const longestPadding = 255;

/** What {@link createCbcHmac} takes. The keys are copied. */
export interface CbcHmacParameters {
  /** For AES-128: 16 bytes. */
  readonly encKey: Uint8Array;
  /** For HMAC-SHA-256: 32 bytes. */
  readonly macKey: Uint8Array;
  /** The MAC of the suites TLS_*_WITH_AES_128_CBC_SHA256. */
  readonly hash: 'sha256';
  /** Negotiated: RFC 7366. Otherwise the MAC is inside, RFC 5246 §6.2.3.2. */
  readonly encryptThenMac: boolean;
}

/**
 * AES-128-CBC with HMAC-SHA-256, one direction of one epoch, on bodies of records. A body is `IV || ciphertext` with the MAC
 * inside of the ciphertext, or `IV || ciphertext || MAC` with encrypt-then-MAC.
 *
 * `header` is what the MAC covers before its length field: epoch and sequence number, type and version, 11 bytes (RFC 6347
 * §4.1.2.1), or more with connection IDs (RFC 9146 §5). The length, which follows from the form, is added here.
 */
export interface CbcHmac {
  /**
   * Builds a body in place: the plaintext is in `buffer[start + 16, start + 16 + length)`; IV, padding and MAC go around it.
   * @param iv 16 bytes that nobody could predict, fresh for each record. RFC 5246 §6.2.3.2.
   * @returns The body's length, `cbcHmacBodyLength(length, encryptThenMac)`.
   * @throws EINVAL if `iv` is not 16 bytes, the body does not fit in `buffer`, or a length does not fit in its two bytes.
   */
  seal(header: Uint8Array, iv: Uint8Array, buffer: Uint8Array, start: number, length: number): number;
  /**
   * Opens the body `buffer[start, start + length)` in place.
   * @returns The plaintext, a view of `buffer`; undefined when the body is not authentic or malformed, without a hint at
   * what is wrong with it (the plaintext is then wiped from `buffer`, if there was any).
   * @throws EINVAL if the range is outside of `buffer`.
   */
  open(header: Uint8Array, buffer: Uint8Array, start: number, length: number): Uint8Array | undefined;
  /** Wipes the keys. */
  destroy(): void;
}

/** Bytes of the body that holds `length` bytes of plaintext, with the least padding. */
export function cbcHmacBodyLength(length: number, encryptThenMac: boolean): number {
  const blocks = (bytes: number): number => bytes + blockLength - (bytes % blockLength);
  return encryptThenMac ? ivLength + blocks(length) + macLength : ivLength + blocks(length + macLength);
}

/** The largest plaintext whose body fits in `bodyLength` bytes; negative when not even an empty one does. */
export function cbcHmacMaxPlaintext(bodyLength: number, encryptThenMac: boolean): number {
  const ciphertext = bodyLength - ivLength - (encryptThenMac ? macLength : 0);
  return Math.floor(ciphertext / blockLength) * blockLength - 1 - (encryptThenMac ? 0 : macLength);
}

// Shared by all: no call is interrupted by another. Nothing secret stays in them.
const expected = new Uint8Array(macLength);
const received = new Uint8Array(macLength);
const rotated = new Uint8Array(macLength);

/** `header` and the length field behind it. */
const withLength = (header: Uint8Array, length: number): Uint8Array => {
  const whole = new Uint8Array(header.length + 2);
  whole.set(header);
  whole[header.length] = length >>> 8;
  whole[header.length + 1] = length;
  return whole;
};

/** The padding of what is `length` bytes so far: as many bytes as its last one says, and that one. RFC 5246 §6.2.3.2. */
const pad = (buffer: Uint8Array, end: number, length: number): number => {
  const padding = blockLength - (length % blockLength);
  buffer.fill(padding - 1, end, end + padding);
  return padding;
};

/** All ones if the last bytes of `buffer[start, end)` are well-formed padding, at most `longest` and its length byte. */
const paddingMask = (buffer: Uint8Array, start: number, end: number, longest: number): number => {
  const padding = buffer[end - 1];
  let wrong = maskLess(longest, padding);
  const checked = Math.min(longestPadding + 1, end - start);
  for (let i = 0; i < checked; i++) wrong |= ~maskLess(padding, i) & (buffer[end - 1 - i] ^ padding);
  return maskEqual(wrong, 0);
};

class MacThenEncrypt implements CbcHmac {
  readonly #cbc: Cbc;
  readonly #mac: SecretLengthHmac;

  constructor(cbc: Cbc, macKey: Uint8Array) {
    this.#cbc = cbc;
    this.#mac = new SecretLengthHmac(macKey);
  }

  seal(header: Uint8Array, iv: Uint8Array, buffer: Uint8Array, start: number, length: number): number {
    const bodyLength = requireSealArguments(header, iv, buffer, start, length, false);
    const at = start + ivLength;
    this.#mac.compute(expected, withLength(header, length), buffer, at, length, length, length);
    buffer.set(iv, start);
    buffer.set(expected, at + length);
    pad(buffer, at + length + macLength, length + macLength);
    this.#cbc.encrypt(iv, buffer, at, bodyLength - ivLength);
    return bodyLength;
  }

  open(header: Uint8Array, buffer: Uint8Array, start: number, length: number): Uint8Array | undefined {
    requireOpenArguments(header, buffer, start, length);
    const at = start + ivLength;
    const end = start + length;
    const size = length - ivLength;
    if (size % blockLength !== 0 || size < macLength + 1) return undefined;
    this.#cbc.decrypt(buffer.subarray(start, at), buffer, at, size);

    // What follows takes the same steps for every padding and every MAC. RFC 5246 §6.2.3.2: after wrong padding the MAC is
    // computed as if there were none.
    const longest = size - macLength - 1;
    const shortest = Math.max(0, longest - longestPadding);
    const paddingGood = paddingMask(buffer, at, end, longest);
    const plaintextLength = longest - (buffer[end - 1] & paddingGood);
    const whole = withLength(header, plaintextLength);
    this.#mac.compute(expected, whole, buffer, at, plaintextLength, shortest, longest);
    takeMac(buffer, at, plaintextLength, shortest, longest);
    let difference = ~paddingGood;
    for (let i = 0; i < macLength; i++) difference |= expected[i] ^ received[i];
    wipe(expected, received);

    if (difference === 0) return buffer.subarray(at, at + plaintextLength);
    buffer.fill(0, at, end);
    return undefined;
  }

  destroy(): void {
    this.#cbc.destroy();
    this.#mac.destroy();
  }
}

/** Copies the MAC at the secret place `at + offset` to `received`, reading all the places where it might be alike. */
function takeMac(buffer: Uint8Array, at: number, offset: number, minimum: number, maximum: number): void {
  rotated.fill(0);
  for (let i = minimum; i < maximum + macLength; i++) {
    const inside = ~maskLess(i, offset) & maskLess(i, offset + macLength);
    rotated[(i - minimum) % macLength] |= buffer[at + i] & inside;
  }
  // Turn it back by a secret number of bytes: by 1, 2, 4, 8 and 16 or not, each time.
  const turn = (offset - minimum) & (macLength - 1);
  for (let bit = 0; bit < 5; bit++) {
    const mask = -((turn >> bit) & 1);
    for (let i = 0; i < macLength; i++) {
      received[i] = (rotated[i] & ~mask) | (rotated[(i + (1 << bit)) % macLength] & mask);
    }
    rotated.set(received);
  }
  wipe(rotated);
}

class EncryptThenMac implements CbcHmac {
  readonly #cbc: Cbc;
  readonly #mac: Mac;

  constructor(cbc: Cbc, mac: Mac) {
    this.#cbc = cbc;
    this.#mac = mac;
  }

  seal(header: Uint8Array, iv: Uint8Array, buffer: Uint8Array, start: number, length: number): number {
    const bodyLength = requireSealArguments(header, iv, buffer, start, length, true);
    const at = start + ivLength;
    const size = length + pad(buffer, at + length, length);
    buffer.set(iv, start);
    this.#cbc.encrypt(iv, buffer, at, size);
    // RFC 7366 §3: the length field counts IV and ciphertext, not the MAC.
    const mac = this.#mac.compute(withLength(header, ivLength + size), buffer.subarray(start, at + size));
    buffer.set(mac, at + size);
    return bodyLength;
  }

  open(header: Uint8Array, buffer: Uint8Array, start: number, length: number): Uint8Array | undefined {
    requireOpenArguments(header, buffer, start, length);
    const at = start + ivLength;
    const end = start + length - macLength;
    const size = end - at;
    if (size % blockLength !== 0 || size < blockLength) return undefined;
    const mac = this.#mac.compute(withLength(header, end - start), buffer.subarray(start, end));
    if (!constantTimeEqual(mac, buffer.subarray(end, end + macLength))) return undefined;
    this.#cbc.decrypt(buffer.subarray(start, at), buffer, at, size);
    if (paddingMask(buffer, at, end, size - 1) !== 0) return buffer.subarray(at, end - 1 - buffer[end - 1]);
    buffer.fill(0, at, end);
    return undefined;
  }

  destroy(): void {
    this.#cbc.destroy();
    this.#mac.destroy();
  }
}

function requireSealArguments(
  header: Uint8Array,
  iv: Uint8Array,
  buffer: Uint8Array,
  start: number,
  length: number,
  encryptThenMac: boolean,
): number {
  requireBytes('header', header);
  requireBytes('iv', iv, ivLength);
  requireRange(buffer, start, length, 0);
  const bodyLength = cbcHmacBodyLength(length, encryptThenMac);
  requireRange(buffer, start, bodyLength, 0);
  requireTwoByteLength(bodyLength);
  return bodyLength;
}

function requireOpenArguments(header: Uint8Array, buffer: Uint8Array, start: number, length: number): void {
  requireBytes('header', header);
  requireRange(buffer, start, length, 0);
  requireTwoByteLength(length);
}

function requireTwoByteLength(length: number): void {
  if (length > 0xffff) throw errnoError('EINVAL', `length is too large for a record: ${length} bytes of body`);
}

/**
 * The protection of the suites with AES_128_CBC_SHA256, given the keys of one direction.
 * @throws EINVAL for a key of the wrong length or another hash; TypeError for one that is not bytes.
 */
export function createCbcHmac(
  provider: CryptoProvider,
  { encKey, macKey, hash, encryptThenMac }: CbcHmacParameters,
): CbcHmac {
  requireBytes('encKey', encKey, 16);
  requireBytes('macKey', macKey, 32);
  if (hash !== 'sha256') throw errnoError('EINVAL', `hash must be sha256, not ${String(hash)}`);
  const cbc = provider.cbc(encKey);
  return encryptThenMac ? new EncryptThenMac(cbc, provider.mac(hash, macKey)) : new MacThenEncrypt(cbc, macKey);
}
