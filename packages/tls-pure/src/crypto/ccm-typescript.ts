import { encryptLanes, encryptUpperLane, lanes, scheduleOf } from './aes.js';
import type { AesKey } from './aes-key.js';
import { bigEndianWord, readWord, writeWord } from './words.js';

// To read words from; shared by all ciphers, since no call is interrupted by another.
const block = new Uint8Array(16);

/**
 * CCM in TypeScript, for where there is no WebAssembly, and for what is too long for it. See `Ccm.crypt`.
 *
 * Both passes run together: each step encrypts a block of the keystream in the lower lanes and, in the upper ones, what the MAC has come to,
 * one block behind. The tables of the block function are indexed by secrets, so it does not hide from an attacker who shares the
 * processor's caches.
 */
export function cryptInTypeScript(
  key: AesKey,
  tagLength: number,
  nonce: Uint8Array,
  aad: Uint8Array,
  buffer: Uint8Array,
  start: number,
  length: number,
  decrypt: boolean,
): boolean {
  crypt(key, tagLength, nonce, aad, buffer, start, length, decrypt);
  const end = start + length;
  let difference = 0;
  for (let i = 0; i < tagLength; i++) {
    if (decrypt) difference |= buffer[end + i] ^ tagByte(i);
    else buffer[end + i] = tagByte(i);
  }
  wipeLanes();
  return difference === 0;
}

/** Turns the range into its other form in place and leaves the tag, whole and encrypted, in the lower lanes. */
function crypt(
  key: AesKey,
  tagLength: number,
  nonce: Uint8Array,
  aad: Uint8Array,
  buffer: Uint8Array,
  start: number,
  length: number,
  decrypt: boolean,
): void {
  const { rounds } = key;
  const schedule = scheduleOf(key);

  // A_0: flags, nonce, a counter of zero. RFC 3610 §2.3. The counter and the length end in the last word: both are below 2^32.
  const l = 15 - nonce.length;
  block[0] = l - 1;
  for (let i = 0; i < 15; i++) block[1 + i] = i < nonce.length ? nonce[i] : 0;
  const a0 = readWord(block, 0);
  const a1 = readWord(block, 4);
  const a2 = readWord(block, 8);
  const a3 = readWord(block, 12);

  // B_0: the same with other flags and the length. RFC 3610 §2.2.
  const flags = (aad.length > 0 ? 0x40 : 0) | (((tagLength - 2) / 2) << 3);
  lanes[4] = a0 | flags;
  lanes[5] = a1;
  lanes[6] = a2;
  lanes[7] = a3 | bigEndianWord(length);

  // The block of the keystream that is for the tag goes along with B_0, which spares the last step, that of the MAC alone, a lane: 4 % of a
  // record of 64 bytes. Without additional data, which TLS always has, there would be no step for it.
  setLower(a0, a1, a2, a3);
  if (aad.length > 0) addToMac(aad, schedule, rounds);
  const s0 = lanes[0];
  const s1 = lanes[1];
  const s2 = lanes[2];
  const s3 = lanes[3];

  let counter = 1;
  let at = start;
  for (const end = start + length - 15; at < end; at += 16, counter++) {
    setLower(a0, a1, a2, a3 | bigEndianWord(counter));
    encryptLanes(schedule, rounds);
    const x0 = readWord(buffer, at);
    const x1 = readWord(buffer, at + 4);
    const x2 = readWord(buffer, at + 8);
    const x3 = readWord(buffer, at + 12);
    const y0 = x0 ^ lanes[0];
    const y1 = x1 ^ lanes[1];
    const y2 = x2 ^ lanes[2];
    const y3 = x3 ^ lanes[3];
    writeWord(buffer, at, y0);
    writeWord(buffer, at + 4, y1);
    writeWord(buffer, at + 8, y2);
    writeWord(buffer, at + 12, y3);
    lanes[4] ^= decrypt ? y0 : x0;
    lanes[5] ^= decrypt ? y1 : x1;
    lanes[6] ^= decrypt ? y2 : x2;
    lanes[7] ^= decrypt ? y3 : x3;
  }

  const end = start + length;
  if (at < end) {
    setLower(a0, a1, a2, a3 | bigEndianWord(counter));
    encryptLanes(schedule, rounds);
    for (let i = 0; at < end; i++, at++) {
      const shift = 8 * (i & 3);
      const before = buffer[at];
      buffer[at] = before ^ (lanes[i >>> 2] >>> shift);
      lanes[4 + (i >>> 2)] ^= (decrypt ? buffer[at] : before) << shift;
    }
  }

  // RFC 3610 §2.3: the tag is the MAC, encrypted with the keystream's first block.
  if (aad.length > 0) {
    encryptUpperLane(schedule, rounds);
    setLower(s0, s1, s2, s3);
  } else {
    setLower(s0, s1, s2, s3);
    encryptLanes(schedule, rounds);
  }
  for (let i = 0; i < 4; i++) lanes[i] ^= lanes[4 + i];
}

/** A byte of the tag in the lower lanes. */
function tagByte(i: number): number {
  return (lanes[i >>> 2] >>> (8 * (i & 3))) & 0xff;
}

function wipeLanes(): void {
  for (let i = 0; i < 8; i++) lanes[i] = 0;
}

function setLower(a0: number, a1: number, a2: number, a3: number): void {
  lanes[0] = a0;
  lanes[1] = a1;
  lanes[2] = a2;
  lanes[3] = a3;
}

/** Takes in the additional data, its length in front and zeros behind. The first step encrypts the lower lanes as well. RFC 3610 §2.2. */
function addToMac(aad: Uint8Array, schedule: number, rounds: number): void {
  const { length } = aad;
  let filled = 2;
  if (length < 0xff00) {
    block[0] = length >>> 8;
    block[1] = length;
  } else {
    block[0] = 0xff;
    block[1] = 0xfe;
    writeWord(block, 2, bigEndianWord(length));
    filled = 6;
  }
  for (let i = 0; i < length; ) {
    const isFirst = i === 0;
    for (; filled < 16; filled++, i++) block[filled] = i < length ? aad[i] : 0;
    if (isFirst) encryptLanes(schedule, rounds);
    else encryptUpperLane(schedule, rounds);
    lanes[4] ^= readWord(block, 0);
    lanes[5] ^= readWord(block, 4);
    lanes[6] ^= readWord(block, 8);
    lanes[7] ^= readWord(block, 12);
    filled = 0;
  }
}
