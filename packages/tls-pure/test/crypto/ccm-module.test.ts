import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { gzipSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { ccmModule } from '../../src/crypto/ccm-module.js';
import { ccmIn, changed, runtimes } from './ccm-runtimes.js';

/** The module with its memory, which it keeps to itself otherwise. */
async function ccmAndMemory() {
  let memory = new Uint8Array();
  class SpiedInstance extends WebAssembly.Instance {
    constructor(module: WebAssembly.Module) {
      super(module);
      memory = new Uint8Array((this.exports['memory'] as WebAssembly.Memory).buffer);
    }
  }
  const loaded = await ccmIn({ webAssembly: (found) => changed(found, { Instance: SpiedInstance }) });
  expect(memory.length).toBe(65_536);
  return { ...loaded, memory };
}

const holds = (memory: Uint8Array, bytes: Uint8Array): boolean => Buffer.from(memory).includes(Buffer.from(bytes));

describe('the module in WebAssembly', () => {
  it('is what its source says', () => {
    const script = fileURLToPath(new URL('../../wasm/build.mjs', import.meta.url));
    expect(spawnSync(process.execPath, [script, '--check'], { encoding: 'utf8' })).toMatchObject({
      status: 0,
      stderr: '',
    });
  });

  it('takes less than 2 KiB of a bundle, and is small enough for the main thread of a page', () => {
    expect(gzipSync(ccmModule).length).toBeLessThan(2_048);
    expect(ccmModule.length / 2).toBeLessThan(4_096);
  });

  it.each(runtimes)('runs or does not, $name', async (runtime) => {
    expect((await ccmIn(runtime)).isInWebAssembly).toBe(runtime.usesIt);
  });

  it('keeps no plaintext, whether the tag is right or not', async () => {
    const { createCcm, memory } = await ccmAndMemory();
    for (const length of [20, 64, 1_000]) {
      const cipher = createCcm(new Uint8Array(16).fill(1), { tagLength: 8 });
      const nonce = new Uint8Array(12);
      const buffer = new Uint8Array(length + 8);
      const plaintext = Uint8Array.from({ length }, (_, i) => 101 + (i & 15));
      buffer.set(plaintext);
      cipher.seal(nonce, nonce, buffer, 0, length);
      const forged = Uint8Array.from(buffer);
      forged[length] ^= 1;
      expect(holds(memory, buffer.subarray(0, 16))).toBe(true);
      expect(holds(memory, plaintext.subarray(0, 16))).toBe(false);
      expect(cipher.open(nonce, nonce, buffer, 0, length)).toBe(true);
      expect(holds(memory, plaintext.subarray(0, 16))).toBe(false);
      expect(cipher.open(nonce, nonce, forged, 0, length)).toBe(false);
      expect(holds(memory, plaintext.subarray(0, 16))).toBe(false);
    }
  });

  it('leaves no tag of a forgery behind', async () => {
    const { createCcm, memory } = await ccmAndMemory();
    const cipher = createCcm(new Uint8Array(16).fill(1), { tagLength: 8 });
    const nonce = new Uint8Array(12);
    const buffer = new Uint8Array(64 + 8);
    cipher.seal(nonce, nonce, buffer, 0, 64);
    const tag = buffer.slice(64);
    buffer.fill(0, 64);
    memory.fill(0, 16_640);
    expect(cipher.open(nonce, nonce, buffer, 0, 64)).toBe(false);
    expect(holds(memory, tag)).toBe(false);
  });

  it('keeps nothing of a key that was wiped', async () => {
    const { createCcm, memory } = await ccmAndMemory();
    const before = memory.slice(0, 16_384);
    const buffer = new Uint8Array(8);
    const ciphers = [16, 24, 32].map((length) => createCcm(new Uint8Array(length).fill(7), { tagLength: 8 }));
    for (const cipher of ciphers) cipher.seal(new Uint8Array(12), new Uint8Array(0), buffer, 0, 0);
    expect(memory.subarray(16, 16_384)).not.toEqual(before.subarray(16));
    for (const cipher of ciphers) cipher.destroy();
    expect(memory.subarray(16, 16_384)).toEqual(before.subarray(16));
  });
});
