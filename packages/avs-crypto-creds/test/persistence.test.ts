import { AvsError, type CertificateChainInfo, type SecurityInfo, type SecurityInfoType } from '@avs-net/core';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  type CredentialInfo,
  certificateChainInfoFromArray,
  persist,
  privateKeyInfoFromFile,
  pskKeyInfoFromBuffer,
  restore,
} from '../src/index.js';
import { allTypes, byHand, bytesOf, expectErrno, reveal, utf8 } from './support.js';

const text = fc.string({ unit: 'grapheme', minLength: 1 }).filter((value) => !value.includes('\0'));
const password = fc.option(fc.string({ unit: 'grapheme' }), { nil: undefined });

/** Any valid descriptor of any type. */
const descriptor: fc.Arbitrary<SecurityInfo> = fc.constantFrom(...allTypes).chain((type) => {
  const compound = type === 'certificate-chain' || type === 'cert-revocation-list';
  const withPassword = type === 'private-key' ? password : fc.constant(undefined);
  const simple: fc.Arbitrary<SecurityInfo>[] = [
    fc.constant<SecurityInfo>({ type, source: 'empty' }),
    fc.record({
      type: fc.constant(type),
      source: fc.constant('file' as const),
      filename: text,
      password: withPassword,
    }),
    fc.record({
      type: fc.constant(type),
      source: fc.constant('buffer' as const),
      buffer: fc.uint8Array({ minLength: 1, maxLength: 128 }),
      password: withPassword,
    }),
    fc.record({ type: fc.constant(type), source: fc.constant('engine' as const), query: text }),
  ];
  if (!compound) return fc.oneof(...simple);
  const path = fc.record({ type: fc.constant(type), source: fc.constant('path' as const), path: text });
  return fc.letrec<{ desc: SecurityInfo }>((tie) => ({
    desc: fc.oneof(
      { depthSize: 'small' },
      ...simple,
      path,
      fc.array(tie('desc'), { maxLength: 4 }).map((elements) => ({ type, source: 'array' as const, elements })),
      fc.array(tie('desc'), { maxLength: 4 }).map((elements) => ({
        type,
        source: 'list' as const,
        head: elements.reduceRight<Extract<SecurityInfo, { source: 'list' }>['head']>(
          (next, info) => ({ info, next }),
          undefined,
        ),
      })),
    ),
  })).desc;
});

/** Only an AvsError may come out of bytes that came from anywhere. */
function restoreHostile(bytes: Uint8Array, type: SecurityInfoType): CredentialInfo | undefined {
  try {
    return restore(bytes, type);
  } catch (error) {
    expect(error).toBeInstanceOf(AvsError);
    expect(error).toMatchObject({ errno: 'EBADMSG' });
    return undefined;
  }
}

describe('persisting and restoring', () => {
  it('gives back what was persisted, whatever it is', () => {
    fc.assert(
      fc.property(descriptor, (desc) => {
        const bytes = persist(byHand<CredentialInfo>(desc));
        expect(reveal(restore(bytes, desc.type).desc)).toEqual(reveal(desc));
        expect(persist(restore(bytes, desc.type))).toEqual(bytes);
      }),
    );
  });

  it('keeps the format: version 1 of a PSK is these bytes', () => {
    const bytes = Uint8Array.of(0x41, 0x56, 0x53, 0x43, 1, 5, 4, 0, 0, 0, 3, 107, 101, 121, 0);
    expect(persist(pskKeyInfoFromBuffer(utf8('key')))).toEqual(bytes);
    expect(bytesOf(restore(bytes, 'psk-key').desc)).toEqual(utf8('key'));
  });

  it('copies in both directions', () => {
    const key = utf8('key');
    const bytes = persist({ desc: { type: 'psk-key', source: 'buffer', buffer: key } });
    expect(key).toEqual(utf8('key'));
    const info = restore(bytes, 'psk-key');
    bytes.fill(0);
    expect(bytesOf(info.desc)).toEqual(utf8('key'));
  });

  it('persists large credentials', () => {
    const desc = { type: 'cert-revocation-list', source: 'buffer', buffer: new Uint8Array(1_000_000).fill(7) } as const;
    expect(Buffer.compare(bytesOf(restore(persist({ desc }), desc.type).desc), desc.buffer)).toBe(0);
  });

  it('throws nothing but EBADMSG for arbitrary bytes', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), fc.constantFrom(...allTypes), (bytes, type) => {
        expect(restoreHostile(bytes, type)).toBeUndefined();
      }),
    );
  });

  it('throws nothing but EBADMSG for arbitrary bytes after a valid beginning', () => {
    const codes = fc.array(fc.nat(8), { maxLength: 60 }).map((values) => Uint8Array.from(values));
    fc.assert(
      fc.property(fc.oneof(fc.uint8Array({ maxLength: 60 }), codes), fc.nat(4), (tail, index) => {
        const type = allTypes[index] ?? 'psk-key';
        const bytes = Uint8Array.of(0x41, 0x56, 0x53, 0x43, 1, index + 1, ...tail);
        const info = restoreHostile(bytes, type);
        if (info !== undefined) expect(persist(info)).toEqual(bytes);
      }),
      { numRuns: 2000 },
    );
  });

  it('throws nothing but EBADMSG for damaged bytes, and never invents another type', () => {
    fc.assert(
      fc.property(descriptor, fc.nat(), fc.nat(255), (desc, where, value) => {
        const bytes = persist(byHand<CredentialInfo>(desc));
        bytes[where % bytes.length] = value;
        const info = restoreHostile(bytes, desc.type);
        if (info !== undefined) expect(info.desc.type).toBe(desc.type);
      }),
      { numRuns: 1000 },
    );
  });

  it('refuses truncated bytes and bytes with something after them', () => {
    fc.assert(
      fc.property(descriptor, (desc) => {
        const bytes = persist(byHand<CredentialInfo>(desc));
        for (let length = 0; length < bytes.length; length++)
          expectErrno(() => restore(bytes.subarray(0, length), desc.type), 'EBADMSG', /not a persisted credential/);
        expectErrno(() => restore(Uint8Array.of(...bytes, 0), desc.type), 'EBADMSG', /something follows/);
      }),
      { numRuns: 30 },
    );
  });

  it('refuses a version, a type and a source that it does not know, and another type than asked for', () => {
    const good = persist(pskKeyInfoFromBuffer(utf8('key')));
    const changed = (index: number, value: number) => {
      const bytes = good.slice();
      bytes[index] = value;
      return () => restore(bytes, 'psk-key');
    };
    expectErrno(changed(0, 0), 'EBADMSG', /begin otherwise/);
    expectErrno(changed(4, 2), 'EBADMSG', /version of the format is unknown/);
    expectErrno(changed(5, 9), 'EBADMSG', /do not hold a psk-key/);
    expectErrno(changed(6, 8), 'EBADMSG', /source is unknown/);
    expectErrno(changed(6, 5), 'EBADMSG', /./);
    expectErrno(changed(14, 2), 'EBADMSG', /flag/);
    expectErrno(() => restore(good, 'private-key'), 'EBADMSG', /do not hold a private-key/);
    const unknown: string = 'nothing';
    expectErrno(() => restore(good, unknown as 'psk-key'), 'EINVAL', /type/);
    const list: unknown = [...good];
    expect(() => restore(list as Uint8Array, 'psk-key')).toThrow(new TypeError('bytes must be a Uint8Array'));
  });

  it('refuses what a credential may not hold', () => {
    const header = [0x41, 0x56, 0x53, 0x43, 1];
    const empty = Uint8Array.of(...header, 5, 4, 0, 0, 0, 0, 0);
    expectErrno(() => restore(empty, 'psk-key'), 'EBADMSG', /1 to 256 bytes/);
    const passwordOfPsk = Uint8Array.of(...header, 5, 4, 0, 0, 0, 1, 7, 1, 0, 0, 0, 1, 97);
    expectErrno(() => restore(passwordOfPsk, 'psk-key'), 'EBADMSG', /password/);
    const compoundKey = Uint8Array.of(...header, 2, 5, 0);
    expectErrno(() => restore(compoundKey, 'private-key'), 'EBADMSG', /'array'/);
    const badText = Uint8Array.of(...header, 2, 2, 0, 0, 0, 1, 0xff, 0);
    expectErrno(() => restore(badText, 'private-key'), 'EBADMSG', /UTF-8/);
  });

  it('keeps a byte order mark in a name', () => {
    const info = privateKeyInfoFromFile('\ufeffkey', '\ufeff');
    expect(reveal(restore(persist(info), 'private-key').desc)).toEqual(reveal(info.desc));
  });

  it('bounds depth and count in both directions', () => {
    const nested = (depth: number) => {
      let info: CertificateChainInfo = { desc: { type: 'certificate-chain', source: 'file', filename: 'f' } };
      for (let i = 0; i < depth; i++) info = certificateChainInfoFromArray([info]);
      return info;
    };
    const deepest = nested(64);
    expect(reveal(restore(persist(deepest), 'certificate-chain').desc)).toEqual(reveal(deepest.desc));
    expectErrno(() => persist(nested(65)), 'EINVAL', /deeper than 64 levels/);
    const header = [0x41, 0x56, 0x53, 0x43, 1, 1];
    const deep = Uint8Array.from([...header, ...new Array<number>(1_000_000).fill(5)]);
    expectErrno(() => restore(deep, 'certificate-chain'), 'EBADMSG', /too deep/);
    const many = Uint8Array.from([...header, 5, ...new Array<number>(100_000).fill(1), 0]);
    expectErrno(() => restore(many, 'certificate-chain'), 'EBADMSG', /more than 65536 elements/);
  });
});
