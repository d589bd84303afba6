import type { CertificateChainInfo, SecurityInfo } from '@avs-net/core';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  certificateChainInfoEmpty,
  certificateChainInfoFromArray,
  certificateChainInfoFromBuffer,
  certificateChainInfoFromFile,
  certificateChainInfoFromList,
  copy,
  copyAsArray,
  copyAsList,
  flatten,
  privateKeyInfoFromBuffer,
  pskKeyInfoFromBuffer,
  validate,
} from '../src/index.js';
import { byHand, bytesOf, expectErrno, reveal, utf8 } from './support.js';

type Chain = SecurityInfo<'certificate-chain'>;
const type = 'certificate-chain';

/** A shape of nested compounds. A number is a certificate. */
type Shape = number | 'empty' | { array: Shape[] } | { list: Shape[] };

const { shape } = fc.letrec<{ shape: Shape }>((tie) => ({
  shape: fc.oneof(
    { depthSize: 'small', withCrossShrink: true },
    fc.nat(255),
    fc.constant<Shape>('empty'),
    fc.record({ array: fc.array(tie('shape'), { maxLength: 4 }) }),
    fc.record({ list: fc.array(tie('shape'), { maxLength: 4 }) }),
  ),
}));

function leavesOf(of: Shape): number[] {
  if (typeof of === 'number') return [of];
  if (of === 'empty') return [];
  return ('array' in of ? of.array : of.list).flatMap(leavesOf);
}

function literal(of: Shape): Chain {
  if (typeof of === 'number') return { type, source: 'buffer', buffer: Uint8Array.of(of) };
  if (of === 'empty') return { type, source: 'empty' };
  if ('array' in of) return { type, source: 'array', elements: of.array.map(literal) };
  type Node = Extract<Chain, { source: 'list' }>['head'];
  return {
    type,
    source: 'list',
    head: of.list.reduceRight<Node>((next, item) => ({ info: literal(item), next }), undefined),
  };
}

function built(of: Shape): CertificateChainInfo {
  if (typeof of === 'number') return certificateChainInfoFromBuffer(Uint8Array.of(of));
  if (of === 'empty') return certificateChainInfoEmpty();
  if ('array' in of) return certificateChainInfoFromArray(of.array.map(built));
  return certificateChainInfoFromList(of.list.map(built).values());
}

function firstBytes(infos: readonly CertificateChainInfo[]): number[] {
  return infos.map((info) => bytesOf(info.desc)[0] ?? -1);
}

describe('flattening and copying', () => {
  it('opens compounds in any nesting, in order, and skips empties', () => {
    fc.assert(
      fc.property(shape, (of) => {
        for (const info of [built(of), { desc: literal(of) }]) {
          expect(firstBytes(flatten(info))).toEqual(leavesOf(of));
          const leaves = leavesOf(of).map((byte) => ({ type, source: 'buffer', buffer: [byte] }));
          expect(reveal(copyAsArray(info).desc)).toEqual({ type, source: 'array', elements: leaves });
          expect(reveal(copyAsList(info).desc)).toEqual({ type, source: 'list', elements: leaves });
        }
      }),
    );
  });

  it('keeps the structure in a copy', () => {
    fc.assert(
      fc.property(shape, (of) => {
        expect(reveal(copy({ desc: literal(of) }).desc)).toEqual(reveal(literal(of)));
        expect(reveal(built(of).desc)).toEqual(reveal(literal(of)));
      }),
    );
  });

  it('gives copies that own their bytes', () => {
    const buffer = utf8('abc');
    const info: CertificateChainInfo = {
      desc: { type, source: 'array', elements: [{ type, source: 'buffer', buffer }] },
    };
    const copies = [copy(info), copyAsArray(info), copyAsList(info), ...flatten(info)];
    buffer.fill(0);
    for (const each of copies) expect(flatten(each).map(({ desc }) => bytesOf(desc))).toEqual([utf8('abc')]);
  });

  it('copies credentials that cannot be compounds, and flattens them to themselves', () => {
    const key = pskKeyInfoFromBuffer(utf8('key'));
    expect(reveal(copy(key).desc)).toEqual(reveal(key.desc));
    expect(bytesOf(copy(key).desc)).not.toBe(bytesOf(key.desc));
    expect(flatten(key).map(({ desc }) => reveal(desc))).toEqual([reveal(key.desc)]);
    expect(flatten(certificateChainInfoEmpty())).toEqual([]);
    const password = privateKeyInfoFromBuffer(utf8('k'), 'secret');
    expect(reveal(copy(password).desc)).toEqual(reveal(password.desc));
  });

  it('goes as deep as the compound does', () => {
    let desc: Chain = { type, source: 'buffer', buffer: utf8('x') };
    for (let depth = 0; depth < 20_000; depth++)
      desc =
        depth % 2
          ? { type, source: 'array', elements: [desc] }
          : { type, source: 'list', head: { info: desc, next: undefined } };
    expect(flatten({ desc })).toHaveLength(1);
    expect(flatten(copy({ desc }))).toHaveLength(1);
  });

  it('follows long lists', () => {
    const many = certificateChainInfoFromList(Array.from({ length: 50_000 }, () => certificateChainInfoFromFile('f')));
    expect(flatten(many)).toHaveLength(50_000);
  });
});

describe('a compound is refused', () => {
  const good: Chain = { type, source: 'file', filename: 'f' };

  it('when an array contains itself', () => {
    const elements: Chain[] = [good];
    const desc: Chain = { type, source: 'array', elements };
    elements.push({ type, source: 'array', elements: [desc] });
    for (const act of [flatten, copy, copyAsArray, copyAsList, validate])
      expectErrno(() => act({ desc }), 'EINVAL', /info\.desc\.elements\[1\]\.elements\[0\] contains itself/);
  });

  it('when a list leads back to an earlier node, or contains itself', () => {
    const node: { info: Chain; next: unknown } = { info: good, next: undefined };
    node.next = { info: good, next: node };
    const ring = byHand<CertificateChainInfo>({ type, source: 'list', head: node });
    expectErrno(() => flatten(ring), 'EINVAL', /info\.desc\.head\.next\.next is an earlier node again/);
    const desc = { type, source: 'list', head: { info: good, next: { info: good, next: {} } } };
    desc.head.next.next = { info: desc, next: undefined };
    expectErrno(
      () => flatten(byHand<CertificateChainInfo>(desc)),
      'EINVAL',
      /info\.desc\.head\.next\.next contains itself/,
    );
  });

  it('but not when it has the same element twice', () => {
    const twice: Chain = { type, source: 'array', elements: [good, good] };
    expect(flatten({ desc: { type, source: 'array', elements: [twice, twice] } })).toHaveLength(4);
  });

  it('when repetition makes it enormous', () => {
    let desc: Chain = good;
    for (let level = 0; level < 60; level++) desc = { type, source: 'array', elements: [desc, desc] };
    expectErrno(() => flatten({ desc }), 'EINVAL', /info\.desc has more than 65536 elements/);
  });

  it('when it mixes types, naming the element', () => {
    const key = { type: 'private-key', source: 'file', filename: 'k' };
    const list = { type, source: 'list', head: { info: key, next: undefined } };
    expectErrno(
      () => flatten(byHand<CertificateChainInfo>({ type, source: 'array', elements: [good, good, list] })),
      'EINVAL',
      /info\.desc\.elements\[2\]\.head\.type is 'private-key' where 'certificate-chain' belongs/,
    );
  });

  it('when its type cannot be one', () => {
    for (const each of ['private-key', 'psk-key', 'psk-identity'])
      for (const source of ['array', 'list'])
        expectErrno(
          () => flatten(byHand<CertificateChainInfo>({ type: each, source, elements: [] })),
          'EINVAL',
          new RegExp(`info\\.desc\\.source is '${source}', but a ${each} comes from one of`),
        );
    expectErrno(
      () => copyAsArray(byHand<CertificateChainInfo>({ type: 'psk-key', source: 'empty' })),
      'EINVAL',
      /cannot be a compound/,
    );
  });

  it('when an element is no descriptor, or one with an unknown tag', () => {
    const inArray = (element: unknown) =>
      byHand<CertificateChainInfo>({ type, source: 'array', elements: [good, element] });
    for (const element of [undefined, null, 5, 'x'])
      expectErrno(() => flatten(inArray(element)), 'EINVAL', /info\.desc\.elements\[1\] must be a descriptor/);
    expectErrno(() => flatten(inArray({ type: 'key' })), 'EINVAL', /elements\[1\]\.type must be .*'key'/);
    expectErrno(() => flatten(inArray({ type, source: 'bufer' })), 'EINVAL', /elements\[1\]\.source must be .*'bufer'/);
    expectErrno(() => flatten(inArray({ type, source: 'toString' })), 'EINVAL', /elements\[1\]\.source/);
    expectErrno(
      () => flatten(byHand<CertificateChainInfo>({ type: 'constructor', source: 'empty' })),
      'EINVAL',
      /info\.desc\.type/,
    );
    const inList = (head: unknown) => byHand<CertificateChainInfo>({ type, source: 'list', head });
    for (const head of [null, 5])
      expectErrno(() => flatten(inList(head)), 'EINVAL', /info\.desc\.head must be a list node/);
    expectErrno(
      () => flatten(inList({ info: good, next: 'x' })),
      'EINVAL',
      /info\.desc\.head\.next must be a list node/,
    );
    expectErrno(
      () => flatten(byHand<CertificateChainInfo>({ type, source: 'array', elements: {} })),
      'EINVAL',
      /info\.desc\.elements must be an array/,
    );
  });

  it('naming an element far down a long list in a short message', () => {
    let head: unknown;
    for (let i = 0; i < 100; i++) head = { info: i === 0 ? 5 : good, next: head };
    expectErrno(
      () => flatten(byHand<CertificateChainInfo>({ type, source: 'list', head })),
      'EINVAL',
      /info\.desc\.head\.next\{99\} must/,
    );
    let desc: unknown = 5;
    for (let i = 0; i < 1000; i++) desc = { type, source: 'array', elements: [desc] };
    expectErrno(() => flatten(byHand<CertificateChainInfo>(desc)), 'EINVAL', /^.{0,300}$/);
  });
});

describe('validating', () => {
  it('accepts what the builders build', () => {
    expect(() => validate(certificateChainInfoFromArray([certificateChainInfoFromFile('f')]))).not.toThrow();
    expect(() => validate(privateKeyInfoFromBuffer('k', 'p'))).not.toThrow();
  });

  it('names the field of a literal that is wrong', () => {
    const check = (desc: unknown) => () => validate(byHand(desc));
    expectErrno(
      check({ type: 'psk-key', source: 'buffer', buffer: 'abc' }),
      'EINVAL',
      /info\.desc\.buffer must be a Uint8Array/,
    );
    expectErrno(
      check({ type: 'psk-key', source: 'buffer', buffer: new Uint8Array(257) }),
      'EINVAL',
      /info\.desc\.buffer has 257 bytes/,
    );
    expectErrno(
      check({ type: 'psk-key', source: 'file', filename: 5 }),
      'EINVAL',
      /info\.desc\.filename must be a string/,
    );
    expectErrno(check({ type: 'psk-key', source: 'path', path: 'x' }), 'EINVAL', /info\.desc\.source is 'path'/);
    expectErrno(
      check({ type: 'psk-key', source: 'file', filename: 'f', password: 'p' }),
      'EINVAL',
      /info\.desc\.password/,
    );
    expectErrno(
      check({ type: 'private-key', source: 'file', filename: 'f', password: 5 }),
      'EINVAL',
      /info\.desc\.password must be a string/,
    );
    expectErrno(check({ type, source: 'path', path: '\ud800' }), 'EINVAL', /info\.desc\.path is not well-formed/);
    expectErrno(check(undefined), 'EINVAL', /info\.desc must be a descriptor/);
    const nothing: unknown = undefined;
    expect(() => validate(nothing as CertificateChainInfo)).toThrow(TypeError);
  });

  it('never puts a secret that is in the wrong place into the message', () => {
    expectErrno(() => validate(byHand({ type: 'S3CR3T', source: 'x' })), 'EINVAL', /^(?!.*S3CR3T)/);
    expectErrno(() => validate(byHand({ type: 'psk-key', source: 'S3CR3T' })), 'EINVAL', /^(?!.*S3CR3T)/);
  });
});
