import { describe, expect, it } from 'vitest';
import {
  parseKey,
  parseLifetimeOption,
  parsePeriod,
  parsePort,
  parsePskPair,
  parseServerUri,
} from '../../src/commands/arguments.js';
import { UserError } from '../../src/commands/user-error.js';

describe("a server's URI", () => {
  it.each([
    ['coaps://host', { secure: true, host: 'host', port: 5684, text: 'coaps://host:5684' }],
    ['coaps://host:1234/', { secure: true, host: 'host', port: 1234, text: 'coaps://host:1234' }],
    ['coap://192.0.2.1', { secure: false, host: '192.0.2.1', port: 5683, text: 'coap://192.0.2.1:5683' }],
    ['coaps://[2001:db8::1]:7', { secure: true, host: '2001:db8::1', port: 7, text: 'coaps://[2001:db8::1]:7' }],
    ['coaps://[fe80::1%25eth0]:7', { secure: true, host: 'fe80::1%eth0', port: 7, text: 'coaps://[fe80::1%25eth0]:7' }],
    [
      'coap://[FE80::1%wlan0.1]',
      { secure: false, host: 'fe80::1%wlan0.1', port: 5683, text: 'coap://[fe80::1%25wlan0.1]:5683' },
    ],
  ])('%s is understood', (text, uri) => {
    expect(parseServerUri(text)).toEqual(uri);
  });

  it.each([
    '',
    'host',
    'host:5684',
    'http://host',
    'coaps://',
    'coaps://host:0',
    'coaps://host:99999',
    'coaps://me@host',
    'coaps://host/rd',
    'coaps://host?x',
    'coaps://[fe80::1%]',
    'coaps://[fe80::1%25a b]',
  ])('"%s" is refused', (text) => {
    expect(() => parseServerUri(text)).toThrow(/^It /);
  });
});

describe("a server's URI with a password", () => {
  it.each(['coaps://me:topsecret@host', 'coaps://:topsecret@[::1]:5684', 'coap://:topsecret@[fe80::1%25eth0]'])(
    '%s is refused, without being repeated',
    (text) => {
      const error = caught(() => parseServerUri(text));
      expect(error).toBeInstanceOf(UserError);
      expect(error.message).toMatch(/^-u: .*password/);
      expect(error.message).not.toContain('topsecret');
    },
  );
});

describe('a key', () => {
  it('is hexadecimal, in either case, with or without 0x', () => {
    expect(parseKey('00fFa0', '-k')).toEqual(Uint8Array.of(0, 255, 160));
    expect(parseKey('0x00ff', '-k')).toEqual(Uint8Array.of(0, 255));
  });

  it.each([
    ['', 'empty'],
    ['abc', 'odd number of hexadecimal digits (3)'],
    ['secretsecret', 'not hexadecimal'],
    ['00'.repeat(257), 'longer than 256 bytes'],
  ])('"%s" is refused, without being repeated', (text, reason) => {
    const error = caught(() => parseKey(text, '-k'));
    expect(error.message).toContain(reason);
    if (text !== '') expect(error.message).not.toContain(text);
  });

  it('comes with its identity, which may hold colons', () => {
    expect(parsePskPair('urn:dev:1:00ff')).toEqual({ identity: 'urn:dev:1', key: Uint8Array.of(0, 255) });
    expect(caught(() => parsePskPair('00ff')).message).toContain('identity:hexkey');
    expect(caught(() => parsePskPair(`${'a'.repeat(129)}:00`)).message).toContain('128 bytes');
    expect(caught(() => parsePskPair('me:topsecret')).message).not.toContain('topsecret');
  });

  it('is not repeated when it and its identity are swapped, and the order is named', () => {
    const error = caught(() => parsePskPair('00112233445566778899aabbccddeeff:thermo-1'));
    expect(error.message).toMatch(/^--psk \(identity:hexkey\): /);
    expect(error.message).not.toContain('0011');
    expect(error.message).not.toContain('thermo');
  });
});

describe('numbers', () => {
  it('are taken in range', () => {
    expect([parsePort('0'), parsePort('65535'), parseLifetimeOption('1'), parsePeriod('0.25')]).toEqual([
      0, 65_535, 1, 0.25,
    ]);
  });

  it('are refused out of range', () => {
    for (const text of ['', '-1', '65536', '1e3', 'x']) expect(() => parsePort(text)).toThrow();
    for (const text of ['', '0', '1.5', '2147483648']) expect(() => parseLifetimeOption(text)).toThrow();
    for (const text of ['', '0', '-1', 'Infinity']) expect(() => parsePeriod(text)).toThrow();
  });
});

function caught(action: () => unknown): Error {
  try {
    action();
  } catch (error) {
    if (error instanceof Error) return error;
  }
  throw new Error('nothing was thrown');
}
