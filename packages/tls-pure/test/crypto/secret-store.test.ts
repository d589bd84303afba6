import { describe, expect, it } from 'vitest';
import { scheduleOf } from '../../src/crypto/aes.js';
import { AesKey } from '../../src/crypto/aes-key.js';
import { type SecretPage, SecretStore } from '../../src/crypto/secret-store.js';

interface Place {
  readonly page: SecretPage;
  readonly at: number;
}

function takeMany(store: SecretStore, count: number): Place[] {
  return Array.from({ length: count }, () => {
    const page = store.page();
    return { page, at: store.take(page) };
  });
}

describe('the store of small secrets', () => {
  it('gives nobody what is another’s', () => {
    const store = new SecretStore(16);
    const places = takeMany(store, 300);
    for (const [i, { page, at }] of places.entries()) page.bytes.fill(i, at, at + 16);
    for (const [i, { page, at }] of places.entries()) {
      expect([...page.bytes.subarray(at, at + 16)]).toEqual(new Array(16).fill(i & 0xff));
    }
  });

  it('wipes what is given back, and gives it out again before it takes more memory', () => {
    const store = new SecretStore(4);
    const places = takeMany(store, 300);
    const pages = new Set(places.map(({ page }) => page));
    for (const { page, at } of places) page.bytes.fill(0xff, at, at + 4);
    const freed = places.filter((_, i) => i % 3 === 0);
    for (const { page, at } of freed) store.release(page, at);
    for (const { page, at } of freed) expect([...page.bytes.subarray(at, at + 4)]).toEqual([0, 0, 0, 0]);
    const again = takeMany(store, freed.length);
    expect(again.every(({ page }) => pages.has(page))).toBe(true);
    const keyOf = ({ page, at }: Place): string => `${[...pages].indexOf(page)} ${at}`;
    const held = places.filter((_, i) => i % 3 !== 0);
    expect(new Set([...held, ...again].map(keyOf)).size).toBe(300);
  });

  it('lets empty pages go, but for one', () => {
    const store = new SecretStore(4);
    const places = takeMany(store, 1_000);
    for (const { page, at } of places) store.release(page, at);
    const first = store.page();
    const pages = new Set(takeMany(store, 128).map(({ page }) => page));
    expect([...pages]).toEqual([first]);
    expect(places.some(({ page }) => page === store.page())).toBe(false);
  });
});

describe('a key of AES in it', () => {
  it('is of no use once it is wiped, however often that is done, and leaves others theirs', () => {
    const first = new AesKey(new Uint8Array(16).fill(1));
    const second = new AesKey(new Uint8Array(16).fill(2));
    first.wipe();
    first.wipe();
    const [third, fourth] = [3, 4].map((byte) => new AesKey(new Uint8Array(16).fill(byte)));
    for (const [key, byte] of [
      [second, 2],
      [third, 3],
      [fourth, 4],
    ] as const) {
      expect([...key.bytes()]).toEqual(new Array(16).fill(byte));
    }
    expect(first.isWiped).toBe(true);
    expect(() => first.bytes()).toThrow(/EBADF/);
    expect(() => scheduleOf(first)).toThrow(/EBADF/);
  });
});
