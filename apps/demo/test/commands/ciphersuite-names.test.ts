import { ciphersuites } from '@avs-net/tls-pure';
import { InvalidArgumentError } from 'commander';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parseCiphersuites } from '../../src/commands/ciphersuite-names.js';
import { seed } from '../codecs/data.js';

describe('ciphersuites', () => {
  it.each(ciphersuites.map(({ name, id }) => [name, id] as const))('%s is known by name and number', (name, id) => {
    const hex = id.toString(16).padStart(4, '0');
    for (const text of [name, name.toLowerCase(), `0x${hex}`, `0x${hex.slice(0, 2)},0x${hex.slice(2)}`.toUpperCase()]) {
      expect(
        parseCiphersuites(
          text.replace(/^0X|,0X/g, (prefix) => prefix.toLowerCase()),
          undefined,
        ),
      ).toEqual([id]);
    }
  });

  it('are names and numbers, and add up', () => {
    expect(parseCiphersuites('TLS_PSK_WITH_AES_128_CCM_8, 0x00AE,0xC0,0xA4', undefined)).toEqual([
      0xc0a8, 0x00ae, 0xc0a4,
    ]);
    expect(parseCiphersuites('0x00a8', [0xc0a8])).toEqual([0xc0a8, 0x00a8]);
  });

  it.each([
    ['PSK-AES128-CCM8', 'Did you mean TLS_PSK_WITH_AES_128_CCM_8?'],
    ['TLS_PSK_WITH_AES_128_CCM8', 'Did you mean TLS_PSK_WITH_AES_128_CCM_8?'],
    ['TLS_PKS_WITH_AES_128_CCM_8', 'TLS_PSK_WITH_AES_128_CCM_8'],
    ['ECDHE-PSK-CHACHA20-POLY1305', 'Did you mean TLS_ECDHE_PSK_WITH_CHACHA20_POLY1305_SHA256?'],
    ['TLS_PSK_AES_256_GCM_SHA384', 'Did you mean TLS_PSK_WITH_AES_256_GCM_SHA384?'],
    ['TLS_ECDHE_ECDSA_WITH_AES_128_CCM_8', 'TLS_PSK_WITH_AES_128_CCM_8'],
    ['AES', 'There are TLS_ECDHE_PSK_WITH_AES_128_GCM_SHA256,'],
    ['0xC0AE', 'TLS_PSK_WITH_AES_128_CCM_8'],
    ['0xFFFE', 'There are '],
    ['0xC0', 'or numbers such as 0xC0A8'],
    ['49320', 'or numbers such as 0xC0A8'],
    ['0xC0A8,', '"" is no ciphersuite'],
    ['', 'is no ciphersuite'],
  ])('"%s" is refused: … %s', (text, hint) => {
    expect(() => parseCiphersuites(text, undefined)).toThrow(hint);
  });

  it('of any text are known or refused, never an error of another kind', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary', maxLength: 60 }), (text) => {
        expect(() => parseCiphersuites(text, undefined)).toThrow(InvalidArgumentError);
      }),
      { seed },
    );
  });
});
