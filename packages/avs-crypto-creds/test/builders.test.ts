import { describe, expect, it } from 'vitest';
import * as creds from '../src/index.js';
import { bytesOf, expectErrno, reveal, utf8 } from './support.js';

/** A value of any type, for what only JavaScript callers can do. */
function wrong<T>(value: unknown): T {
  return value as T;
}

describe('building a credential', () => {
  it('gives each type its own tag, from a buffer', () => {
    expect(reveal(creds.pskKeyInfoFromBuffer(Uint8Array.of(1, 2)).desc)).toEqual({
      type: 'psk-key',
      source: 'buffer',
      buffer: [1, 2],
    });
    expect(creds.pskIdentityInfoFromBuffer(utf8('x')).desc.type).toBe('psk-identity');
    expect(creds.certificateChainInfoFromBuffer(utf8('x')).desc.type).toBe('certificate-chain');
    expect(creds.privateKeyInfoFromBuffer(utf8('x')).desc.type).toBe('private-key');
    expect(creds.certRevocationListInfoFromBuffer(utf8('x')).desc.type).toBe('cert-revocation-list');
  });

  it('keeps file names, directories, queries and passwords', () => {
    expect(reveal(creds.pskKeyInfoFromFile('k').desc)).toEqual({ type: 'psk-key', source: 'file', filename: 'k' });
    expect(reveal(creds.pskIdentityInfoFromFile('i').desc)).toMatchObject({ type: 'psk-identity', filename: 'i' });
    expect(reveal(creds.certificateChainInfoFromFile('c').desc)).toMatchObject({
      type: 'certificate-chain',
      filename: 'c',
    });
    expect(reveal(creds.certificateChainInfoFromPath('d').desc)).toMatchObject({ source: 'path', path: 'd' });
    expect(reveal(creds.certRevocationListInfoFromFile('r').desc)).toMatchObject({ filename: 'r' });
    expect(reveal(creds.certRevocationListInfoFromPath('e').desc)).toMatchObject({ source: 'path', path: 'e' });
    expect(reveal(creds.privateKeyInfoFromFile('p', 'secret').desc)).toEqual({
      type: 'private-key',
      source: 'file',
      filename: 'p',
      password: 'secret',
    });
    expect(reveal(creds.privateKeyInfoFromBuffer(utf8('p'), 'secret').desc)).toMatchObject({ password: 'secret' });
    for (const build of [
      creds.pskKeyInfoFromEngine,
      creds.pskIdentityInfoFromEngine,
      creds.certificateChainInfoFromEngine,
      creds.privateKeyInfoFromEngine,
      creds.certRevocationListInfoFromEngine,
    ])
      expect(reveal(build('pkcs11:object=a').desc)).toMatchObject({ source: 'engine', query: 'pkcs11:object=a' });
    for (const build of [creds.certificateChainInfoEmpty, creds.privateKeyInfoEmpty, creds.certRevocationListInfoEmpty])
      expect(build().desc.source).toBe('empty');
  });

  it('copies the bytes, of a Buffer in a shared pool too', () => {
    const key = Buffer.from('0123456789abcdef');
    const info = creds.pskKeyInfoFromBuffer(key);
    key.fill(0);
    expect(bytesOf(info.desc)).toEqual(utf8('0123456789abcdef'));
  });

  it('cannot be changed afterwards', () => {
    const info = creds.pskKeyInfoFromBuffer(Uint8Array.of(1));
    expect(Reflect.set(info, 'desc', 1)).toBe(false);
    expect(Reflect.set(info.desc, 'source', 'empty')).toBe(false);
    expect(reveal(info.desc)).toMatchObject({ source: 'buffer', buffer: [1] });
  });

  it('takes text for an identity and for PEM, but not for a key', () => {
    expect(bytesOf(creds.pskIdentityInfoFromBuffer('urn:dev:ü').desc)).toEqual(utf8('urn:dev:ü'));
    expect(bytesOf(creds.privateKeyInfoFromBuffer('-----BEGIN').desc)).toEqual(utf8('-----BEGIN'));
    expect(() => creds.pskKeyInfoFromBuffer(wrong('00ff'))).toThrow(new TypeError('buffer must be a Uint8Array'));
    expectErrno(() => creds.pskIdentityInfoFromBuffer('\ud800'), 'EINVAL', /buffer is not well-formed Unicode/);
  });

  it('takes keys of 1 to 256 bytes and identities of 0 to 128, and names the limit for others', () => {
    for (const length of [1, 16, 256])
      expect(bytesOf(creds.pskKeyInfoFromBuffer(new Uint8Array(length)).desc)).toHaveLength(length);
    for (const length of [0, 1, 128])
      expect(bytesOf(creds.pskIdentityInfoFromBuffer(new Uint8Array(length)).desc)).toHaveLength(length);
    for (const length of [0, 257])
      expectErrno(() => creds.pskKeyInfoFromBuffer(new Uint8Array(length)), 'EINVAL', /psk-key.* 1 to 256 bytes/);
    expectErrno(() => creds.pskIdentityInfoFromBuffer(new Uint8Array(129)), 'EINVAL', /psk-identity.* 0 to 128 bytes/);
    expect(creds.pskKeyLimits).toEqual({ min: 1, max: 256 });
    expect(creds.pskIdentityLimits).toEqual({ min: 0, max: 128 });
  });

  it('keeps an identity with a zero byte', () => {
    expect(bytesOf(creds.pskIdentityInfoFromBuffer('a\0b').desc)).toEqual(Uint8Array.of(97, 0, 98));
  });

  it('names an argument of the wrong type in a TypeError', () => {
    for (const value of [undefined, null, 7, [1, 2], new Uint16Array(2), new ArrayBuffer(2)]) {
      expect(() => creds.pskKeyInfoFromBuffer(wrong(value))).toThrow(TypeError);
      expect(() => creds.certificateChainInfoFromBuffer(wrong(value))).toThrow(/^buffer must be/);
    }
    expect(() => creds.pskKeyInfoFromFile(wrong(1))).toThrow(new TypeError('filename must be a string'));
    expect(() => creds.privateKeyInfoFromFile('f', wrong(1))).toThrow(new TypeError('password must be a string'));
    expect(() => creds.certificateChainInfoFromPath(wrong(1))).toThrow(new TypeError('path must be a string'));
    expect(() => creds.pskKeyInfoFromEngine(wrong(null))).toThrow(new TypeError('query must be a string'));
    expect(() => creds.certificateChainInfoFromArray(wrong(new Set()))).toThrow(TypeError);
    expect(() => creds.certificateChainInfoFromList(wrong(5))).toThrow(TypeError);
    expect(() => creds.certificateChainInfoFromList([wrong(5)])).toThrow(/list\[0\]/);
  });

  it('names an argument of the wrong value in an EINVAL', () => {
    expectErrno(() => creds.pskKeyInfoFromFile(''), 'EINVAL', /filename must not be empty/);
    expectErrno(() => creds.pskKeyInfoFromFile('a\0b'), 'EINVAL', /filename holds a zero character/);
    expectErrno(() => creds.pskKeyInfoFromEngine(''), 'EINVAL', /query must not be empty/);
    expectErrno(() => creds.certificateChainInfoFromPath(''), 'EINVAL', /path must not be empty/);
    expectErrno(() => creds.certificateChainInfoFromBuffer(new Uint8Array()), 'EINVAL', /buffer must not be empty/);
  });

  it('builds compounds from arrays and any iterable, nested, and copies their elements', () => {
    const a = creds.certificateChainInfoFromBuffer(utf8('a'));
    const b = creds.certificateChainInfoFromFile('b');
    const inner = creds.certificateChainInfoFromList(new Set([a, b]));
    const outer = creds.certificateChainInfoFromArray([inner, a, creds.certificateChainInfoEmpty()]);
    creds.clearInfo(a);
    const type = 'certificate-chain';
    const held = { type, source: 'buffer', buffer: [97] };
    expect(reveal(outer.desc)).toEqual({
      type,
      source: 'array',
      elements: [
        { type, source: 'list', elements: [held, { type, source: 'file', filename: 'b' }] },
        held,
        { type, source: 'empty' },
      ],
    });
    const crl = creds.certRevocationListInfoFromArray([
      creds.certRevocationListInfoFromList([creds.certRevocationListInfoFromFile('r')]),
    ]);
    expect(creds.flatten(crl)).toHaveLength(1);
  });

  it('refuses an element of another type, naming it', () => {
    const key: unknown = creds.privateKeyInfoFromFile('k');
    expectErrno(
      () => creds.certificateChainInfoFromArray([creds.certificateChainInfoFromFile('c'), wrong(key)]),
      'EINVAL',
      /array\[1\]\.desc\.type is 'private-key' where 'certificate-chain' belongs/,
    );
  });

  it('counts the elements of all levels, and builds only what can be used', () => {
    const half = creds.certificateChainInfoFromArray(
      Array.from({ length: 32_766 }, () => creds.certificateChainInfoEmpty()),
    );
    const whole = creds.certificateChainInfoFromArray([half, half, creds.certificateChainInfoEmpty()]);
    expect(creds.flatten(whole)).toEqual([]);
    const oneMore = [half, half, creds.certificateChainInfoEmpty(), creds.certificateChainInfoEmpty()];
    expectErrno(() => creds.certificateChainInfoFromArray(oneMore), 'EINVAL', /array has more than 65536 elements/);
    expectErrno(() => creds.certificateChainInfoFromList(oneMore), 'EINVAL', /list has more than 65536 elements/);
  });

  it('does not follow an endless iterable', () => {
    function* endless() {
      for (;;) yield creds.certificateChainInfoEmpty();
    }
    expectErrno(() => creds.certificateChainInfoFromList(endless()), 'EINVAL', /list has more than 65536 elements/);
  });
});

describe('clearing', () => {
  it('wipes a buffer in place', () => {
    const bytes = Uint8Array.of(1, 2, 3);
    creds.clearBuffer(bytes);
    expect(bytes).toEqual(new Uint8Array(3));
    expect(() => creds.clearBuffer(wrong([1]))).toThrow(new TypeError('bytes must be a Uint8Array'));
  });

  it('wipes what a credential holds, which is of no use afterwards', () => {
    const info = creds.privateKeyInfoFromBuffer(Uint8Array.of(1, 2, 3), 'secret');
    const held = bytesOf(info.desc);
    creds.clearInfo(info);
    expect(held).toEqual(new Uint8Array(3));
    expect(JSON.stringify(info)).toContain('<cleared>');
    expect(JSON.stringify(info)).not.toContain('password');
    expectErrno(() => creds.copy(info), 'EINVAL', /the private-key descriptor was cleared/);
    expect(() => creds.clearInfo(info)).not.toThrow();
  });

  it('wipes compounds through and through, and literals', () => {
    const list = creds.certificateChainInfoFromList([creds.certificateChainInfoFromBuffer(utf8('abc'))]);
    const outer = creds.certificateChainInfoFromArray([list, creds.certificateChainInfoFromFile('f')]);
    creds.clearInfo(outer);
    expect(JSON.stringify(outer)).toContain('<cleared>');
    const buffer = utf8('abc');
    creds.clearInfo({ desc: { type: 'psk-key', source: 'buffer', buffer } });
    expect(buffer).toEqual(new Uint8Array(3));
  });
});
