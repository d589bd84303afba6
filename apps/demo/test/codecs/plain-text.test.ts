import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { decodePlainText, encodePlainText } from '../../src/lwm2m/codecs/plain-text.js';
import { Lwm2mError } from '../../src/lwm2m/lwm2m-error.js';
import type { ResourceType, Value } from '../../src/lwm2m/value.js';
import { seed, typedValue } from './data.js';

const utf8 = (text: string): Uint8Array => new TextEncoder().encode(text);

describe('plain text', () => {
  it.each<[ResourceType, Value, string]>([
    ['integer', -17, '-17'],
    ['float', 21.5, '21.5'],
    ['float', 1e-7, '0.0000001'],
    ['float', -1.25e21, '-1250000000000000000000'],
    ['boolean', true, '1'],
    ['boolean', false, '0'],
    ['time', 1_367_491_215, '1367491215'],
    ['opaque', new Uint8Array([1, 2, 3, 4]), 'AQIDBA=='],
    ['objlnk', { object: 3, instance: 0 }, '3:0'],
    ['string', 'é', 'é'],
  ])('writes the %s %o as %s', (type, value, text) => {
    expect(new TextDecoder().decode(encodePlainText(type, value))).toBe(text);
    expect(decodePlainText(type, utf8(text))).toEqual(value);
  });

  it('gives back what was encoded', () => {
    fc.assert(
      fc.property(typedValue, ({ type, value }) => {
        expect(decodePlainText(type, encodePlainText(type, value))).toEqual(value);
      }),
      { seed },
    );
  });

  it.each<[ResourceType, string]>([
    ['integer', ''],
    ['integer', '1.5'],
    ['integer', '0x10'],
    ['integer', ' 5'],
    ['integer', '9007199254740993'],
    ['float', 'NaN'],
    ['float', 'Infinity'],
    ['float', '1e999'],
    ['float', '.'],
    ['boolean', 'true'],
    ['boolean', '2'],
    ['opaque', 'A'],
    ['opaque', 'AQ=D'],
    ['objlnk', '3'],
    ['objlnk', '3:65536'],
  ])('refuses as %s: "%s"', (type, text) => {
    expect(() => decodePlainText(type, utf8(text))).toThrow(expect.objectContaining({ code: '4.00' }));
  });

  it('refuses text that is not UTF-8', () => {
    expect(() => decodePlainText('string', Uint8Array.of(0xc3, 0x28))).toThrow(Lwm2mError);
  });
});
