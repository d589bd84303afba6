import { AvsError } from '@avs-net/core';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { detectEncoding, splitPem } from '../src/index.js';
import { crlPem, devicePem, rootPem } from './fixtures.js';
import { expectErrno, pemToDer, utf8 } from './support.js';

function block(body: string, label = 'CERTIFICATE'): Uint8Array {
  return utf8(`-----BEGIN ${label}-----\n${body}\n-----END ${label}-----\n`);
}

describe('detecting the encoding', () => {
  it('tells PEM from DER from neither', () => {
    expect(detectEncoding(utf8(rootPem))).toBe('pem');
    expect(detectEncoding(utf8(`Some words.\r\n${rootPem}`))).toBe('pem');
    expect(detectEncoding(pemToDer(rootPem))).toBe('der');
    expect(detectEncoding(Uint8Array.of(0x30, 0))).toBe('der');
    for (const other of [
      utf8(''),
      utf8('hello'),
      utf8('-----BEGIN'),
      Uint8Array.of(0x30),
      Uint8Array.of(0x30, 0x80, 0, 0),
    ])
      expect(detectEncoding(other)).toBeUndefined();
  });

  it('takes DER for what it is only if it is exactly one element', () => {
    const der = pemToDer(rootPem);
    expect(detectEncoding(der.subarray(0, -1))).toBeUndefined();
    expect(detectEncoding(Uint8Array.of(...der, 0))).toBeUndefined();
    expect(detectEncoding(Uint8Array.of(0x30, 0x84, 0xff, 0xff, 0xff, 0xff, 1))).toBeUndefined();
    expect(detectEncoding(Uint8Array.of(0x30, 0x85, 0, 0, 0, 0, 0))).toBeUndefined();
    expect(detectEncoding(Uint8Array.of(0x31, 0))).toBeUndefined();
  });

  it('names an argument of the wrong type', () => {
    const text: unknown = rootPem;
    expect(() => detectEncoding(text as Uint8Array)).toThrow(new TypeError('bytes must be a Uint8Array'));
    expect(() => splitPem(text as Uint8Array)).toThrow(new TypeError('bytes must be a Uint8Array'));
  });
});

describe('splitting PEM', () => {
  it('gives every block in order, whatever stands around them', () => {
    const blocks = splitPem(utf8(`\ufeff\nroot: first\n${rootPem}\nand then\n${crlPem}${devicePem}\nend`));
    expect(blocks.map(({ label }) => label)).toEqual(['CERTIFICATE', 'X509 CRL', 'CERTIFICATE']);
    expect(blocks.map(({ data }) => data)).toEqual([rootPem, crlPem, devicePem].map(pemToDer));
  });

  it('reads every line ending, indentation and long lines', () => {
    for (const text of [
      rootPem.replaceAll('\n', '\r\n'),
      rootPem.replaceAll('\n', '\r'),
      rootPem.replace(/^/gm, '    '),
      rootPem.replace(/([^-])\n([^-])/g, '$1$2'),
      rootPem.trimEnd(),
    ])
      expect(splitPem(utf8(text)).map(({ data }) => data)).toEqual([pemToDer(rootPem)]);
  });

  it('reads headers', () => {
    const [encrypted] = splitPem(
      block('Proc-Type: 4,ENCRYPTED\nDEK-Info: AES-128-CBC,00ff\n\nAQID', 'RSA PRIVATE KEY'),
    );
    expect(encrypted?.headers).toEqual(
      new Map([
        ['Proc-Type', '4,ENCRYPTED'],
        ['DEK-Info', 'AES-128-CBC,00ff'],
      ]),
    );
    expect(encrypted?.data).toEqual(Uint8Array.of(1, 2, 3));
  });

  it('decodes any bytes', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => {
        const text = Buffer.from(bytes).toString('base64').replace(/.{64}/g, '$&\n');
        expect(splitPem(block(text)).map(({ data }) => data)).toEqual([bytes]);
      }),
    );
  });

  it('finds nothing where there is nothing', () => {
    expect(splitPem(utf8(''))).toEqual([]);
    expect(splitPem(utf8('-----END CERTIFICATE-----\n'))).toEqual([]);
    expect(splitPem(utf8('x -----BEGIN CERTIFICATE-----\n'))).toEqual([]);
  });

  it('refuses a malformed block', () => {
    expectErrno(() => splitPem(utf8('-----BEGIN X-----\nAQID\n')), 'EBADMSG', /has no end/);
    expectErrno(() => splitPem(utf8('-----BEGIN X-----\nAQID\n-----END Y-----\n')), 'EBADMSG', /label of another/);
    expectErrno(() => splitPem(utf8('-----BEGIN X-----\n-----BEGIN X-----\n')), 'EBADMSG', /within another/);
    for (const body of ['AQI!', 'AQ=I', 'A-ID', 'AQID-', 'ü'])
      expectErrno(() => splitPem(block(body)), 'EBADMSG', /not base64/);
    for (const body of ['A', 'AQ', 'AQ=', 'AQI', 'AQID=', 'AQ===', '='])
      expectErrno(() => splitPem(block(body)), 'EBADMSG', /cut short/);
    for (const body of ['AR==', 'AQJ=']) expectErrno(() => splitPem(block(body)), 'EBADMSG', /stray bits/);
    const headers = Array.from({ length: 50 }, (_, i) => `H${i}: x\n`).join('');
    expectErrno(() => splitPem(block(`${headers}\nAQID`)), 'EBADMSG', /more than 16 headers/);
  });

  it('throws nothing but EBADMSG for arbitrary lines', () => {
    const line = fc.oneof(
      fc.constantFrom(
        '-----BEGIN A-----',
        '-----END A-----',
        '-----BEGIN B-----',
        '-----END B-----',
        'AQID',
        'AQ==',
        'a: b',
        '',
        '\r',
      ),
      fc.string(),
    );
    fc.assert(
      fc.property(fc.array(line, { maxLength: 12 }), (text) => {
        try {
          const begins = text.join('\n').split('-----BEGIN').length - 1;
          expect(splitPem(utf8(text.join('\n'))).length).toBeLessThanOrEqual(begins);
        } catch (error) {
          expect(error).toBeInstanceOf(AvsError);
          expect(error).toMatchObject({ errno: 'EBADMSG' });
        }
      }),
    );
  });
});
