import { cachedSchedules, RoundKeyCache } from './aes-key.js';
import { ccmModule } from './ccm-module.js';
import type { cryptInTypeScript } from './ccm-typescript.js';

// AES-CCM in WebAssembly, with instructions that look up sixteen bytes in a register at once: wasm/tables.mjs tells how, wasm/ccm.mjs is the
// source of the module. No memory is addressed by secrets, so that nothing is to be learned from the processor's caches.

/** What the module exports. Its memory is of 64 KiB, for good. */
interface CcmExports {
  readonly memory: WebAssembly.Memory;
  expand(schedule: number, words: number): void;
  crypt(
    schedule: number,
    lastKey: number,
    flags: number,
    aadBlocks: number,
    length: number,
    tagLength: number,
    decrypt: number,
  ): number;
}

// Where things are in its memory: A_0 in front; then round keys; additional data ends where the data begins, which goes on to the end.
const schedulesAt = 16;
const scheduleSize = 240;
const dataAt = 16_640;
const maxAad = dataAt - schedulesAt - cachedSchedules * scheduleSize - 2;
const maxData = 65_536 - dataAt - 16;

/** From this many bytes on a view of the caller's buffer and `set` are faster than a loop. */
const manyBytes = 32;

/** Up to this many bytes, views of the memory are kept: `set` takes a third of the time when its argument is not new. 64 KiB of them at most. */
const keptViews = 512;

type CcmInWebAssembly = typeof cryptInTypeScript;

/** Whether there is room for so much in its memory, as there is for every record. */
export function fitsWebAssembly(aad: Uint8Array, length: number): boolean {
  return length <= maxData && aad.length <= maxAad;
}

/** Null: there is none. */
let found: CcmInWebAssembly | null | undefined;

/**
 * AES-CCM in WebAssembly, for what {@link fitsWebAssembly}; set up when it is first asked for. Undefined where there is none, none with vectors, or
 * where it is refused, as by a Content-Security-Policy.
 */
export function ccmInWebAssembly(): CcmInWebAssembly | undefined {
  if (found === undefined) found = load() ?? null;
  return found ?? undefined;
}

function load(): CcmInWebAssembly | undefined {
  let exports: CcmExports;
  try {
    exports = new WebAssembly.Instance(new WebAssembly.Module(moduleBytes())).exports as unknown as CcmExports;
  } catch {
    return undefined;
  }
  const { crypt, expand } = exports;
  const memory = new Uint8Array(exports.memory.buffer);

  /** By their length. */
  const views: (Uint8Array | undefined)[] = new Array(keptViews).fill(undefined);
  const viewOf = (length: number): Uint8Array => {
    const kept = length < keptViews ? views[length] : undefined;
    if (kept !== undefined) return kept;
    const view = memory.subarray(dataAt, dataAt + length);
    if (length < keptViews) views[length] = view;
    return view;
  };

  const cache = new RoundKeyCache(
    (key, slot) => {
      const at = schedulesAt + slot * scheduleSize;
      key.copyTo(memory, at);
      expand(at, key.rounds - 6);
    },
    (slot) => {
      const at = schedulesAt + slot * scheduleSize;
      memory.fill(0, at, at + scheduleSize);
    },
  );

  return (key, tagLength, nonce, aad, buffer, start, length, decrypt) => {
    const { rounds } = key;
    const schedule = schedulesAt + cache.slotOf(key) * scheduleSize;

    // A_0: flags, nonce, a counter of zero. RFC 3610 §2.3.
    memory[0] = 14 - nonce.length;
    for (let i = 0; i < 15; i++) memory[1 + i] = i < nonce.length ? nonce[i] : 0;

    // Additional data: its length in front, zeros behind. RFC 3610 §2.2.
    let flags = ((tagLength - 2) / 2) << 3;
    let aadBlocks = 0;
    if (aad.length > 0) {
      flags |= 0x40;
      aadBlocks = (aad.length + 17) >>> 4;
      let at = dataAt - 16 * aadBlocks;
      memory[at++] = aad.length >>> 8;
      memory[at++] = aad.length;
      for (let i = 0; at < dataAt; i++, at++) memory[at] = i < aad.length ? aad[i] : 0;
    }

    const bytesIn = decrypt ? length + tagLength : length;
    if (bytesIn >= manyBytes) memory.set(buffer.subarray(start, start + bytesIn), dataAt);
    else for (let i = 0; i < bytesIn; i++) memory[dataAt + i] = buffer[start + i];

    const isRight = crypt(schedule, schedule + 16 * rounds, flags, aadBlocks, length, tagLength, decrypt ? 1 : 0) === 1;

    const bytesOut = decrypt ? length : length + tagLength;
    buffer.set(viewOf(bytesOut), start);
    if (decrypt) memory.fill(0, dataAt, dataAt + bytesOut);
    return isRight;
  };
}

/** The module as this engine takes it. */
function moduleBytes(): Uint8Array<ArrayBuffer> {
  const bytes = Uint8Array.from({ length: ccmModule.length / 2 }, (_, i) =>
    Number(`0x${ccmModule.slice(2 * i, 2 * i + 2)}`),
  );
  if (!WebAssembly.validate(bytes)) useStrictSwizzles(bytes);
  return bytes;
}

/**
 * Replaces each i8x16.relaxed_swizzle, which Node 20 and others do not have, by i8x16.swizzle, in as many bytes. The strict one takes 1.25 times as
 * long on x86-64, where it needs another instruction for indices from 16 to 127. There are none here.
 */
function useStrictSwizzles(bytes: Uint8Array): void {
  for (let i = 0; i + 2 < bytes.length; i++) {
    if (bytes[i] === 0xfd && bytes[i + 1] === 0x80 && bytes[i + 2] === 0x02) {
      bytes[i + 1] = 0x8e;
      bytes[i + 2] = 0x00;
    }
  }
}
