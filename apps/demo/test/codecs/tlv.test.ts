import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { decodeTlv, encodeTlv } from '../../src/lwm2m/codecs/tlv.js';
import { Lwm2mError } from '../../src/lwm2m/lwm2m-error.js';
import type { Datum, ResourceType, TypeLookup, Value } from '../../src/lwm2m/value.js';
import { instanceData, seed, typeOf } from './data.js';

const hex = (text: string): Uint8Array => new Uint8Array(Buffer.from(text.replace(/\s/g, ''), 'hex'));

/** The Device object of the examples in LwM2M 1.0 (and 1.1) Core, section on TLV. */
const example: { base: number[]; bytes: Uint8Array; data: Datum[] } = {
  base: [3, 0],
  bytes: hex(`
    c8 00 14 4f 70 65 6e 20 4d 6f 62 69 6c 65 20 41 6c 6c 69 61 6e 63 65
    c8 01 16 4c 69 67 68 74 77 65 69 67 68 74 20 4d 32 4d 20 43 6c 69 65 6e 74
    c8 02 09 33 34 35 30 30 30 31 32 33
    c3 03 31 2e 30
    86 06 41 00 01 41 01 05
    88 07 08 42 00 0e d8 42 01 13 88
    87 08 41 00 7d 42 01 03 84
    c1 09 64
    c1 0a 0f
    83 0b 41 00 00
    c4 0d 51 82 42 8f
    c6 0e 2b 30 32 3a 30 30
    c1 10 55`),
  data: [
    datum([3, 0, 0], 'string', 'Open Mobile Alliance'),
    datum([3, 0, 1], 'string', 'Lightweight M2M Client'),
    datum([3, 0, 2], 'string', '345000123'),
    datum([3, 0, 3], 'string', '1.0'),
    datum([3, 0, 6, 0], 'integer', 1),
    datum([3, 0, 6, 1], 'integer', 5),
    datum([3, 0, 7, 0], 'integer', 3_800),
    datum([3, 0, 7, 1], 'integer', 5_000),
    datum([3, 0, 8, 0], 'integer', 125),
    datum([3, 0, 8, 1], 'integer', 900),
    datum([3, 0, 9], 'integer', 100),
    datum([3, 0, 10], 'integer', 15),
    datum([3, 0, 11, 0], 'integer', 0),
    datum([3, 0, 13], 'time', 1_367_491_215),
    datum([3, 0, 14], 'string', '+02:00'),
    datum([3, 0, 16], 'string', 'U'),
  ],
};
const exampleTypes: TypeLookup = (_object, resource) => example.data.find(({ path }) => path[2] === resource)?.type;

function datum(path: number[], type: ResourceType, value: Value): Datum {
  return { path, type, value };
}

describe('TLV', () => {
  it('encodes the Device object as the specification prints it', () => {
    expect(Buffer.from(encodeTlv(example.base, example.data)).toString('hex')).toBe(
      Buffer.from(example.bytes).toString('hex'),
    );
  });

  it('decodes the Device object that the specification prints', () => {
    expect(decodeTlv(example.base, example.bytes, exampleTypes)).toEqual(example.data);
  });

  it('takes an instance payload wrapped in its instance, as some servers send it', () => {
    const wrapped = Buffer.concat([Buffer.of(0x08, 0x00, 121), example.bytes]);
    expect(example.bytes).toHaveLength(121);
    expect(decodeTlv(example.base, wrapped, exampleTypes)).toEqual(example.data);
    expect(decodeTlv([3], wrapped, exampleTypes)).toEqual(example.data);
  });

  it('has no sign in an unsigned integer', () => {
    const data = [datum([1, 0, 11], 'unsigned', 200)];
    expect(encodeTlv([1, 0, 11], data)).toEqual(hex('c1 0b c8'));
    expect(decodeTlv([1, 0, 11], hex('c1 0b c8'), () => 'unsigned')).toEqual(data);
    expect(encodeTlv([1, 0, 11], [datum([1, 0, 11], 'unsigned', 40_000)])).toEqual(hex('c2 0b 9c 40'));
  });

  it('gives back what was encoded', () => {
    fc.assert(
      fc.property(instanceData, ({ base, data }) => {
        expect(decodeTlv(base, encodeTlv(base, data), typeOf)).toEqual(data);
        expect(decodeTlv(base.slice(0, 1), encodeTlv(base.slice(0, 1), data), typeOf)).toEqual(data);
      }),
      { seed },
    );
  });

  it('answers 4.00 to anything malformed, and never fails otherwise', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 64 }), fc.constantFrom([3], [3, 0], [3, 0, 6]), (bytes, base) => {
        try {
          decodeTlv(base, bytes, typeOf);
        } catch (error) {
          expect(error).toBeInstanceOf(Lwm2mError);
          expect((error as Lwm2mError).code).toBe('4.00');
        }
      }),
      { seed, numRuns: 2_000 },
    );
  });

  it.each([
    ['ends in the middle of a value', 'c3 03 31 2e'],
    ['ends in the middle of a length', 'd0 03 01'],
    ['claims 16 MiB', 'd8 03 ff ff ff 00'],
    ['has the reserved identifier', 'e1 ff ff 00'],
    ['has an integer of three bytes', 'c3 09 00 00 01'],
    ['has an integer of no bytes', 'c0 09'],
    ['has an integer that a double cannot hold', 'c8 09 08 7f ff ff ff ff ff ff ff'],
    ['has text that is not UTF-8', 'c2 00 c3 28'],
    ['speaks of another instance', '03 01 c1 09 64'],
    ['has a resource in a multiple resource', '83 06 c1 00 01'],
    ['nests an instance in an instance', '06 00 03 01 c1 09 64'],
    ['has a resource instance without a resource', '41 00 01'],
    ['has a resource that is not known', 'c1 63 01'],
  ])('refuses a payload that %s', (_why, text) => {
    expect(() => decodeTlv([3, 0], hex(text), exampleTypes)).toThrow(expect.objectContaining({ code: '4.00' }));
  });

  it('refuses more values than a device has use for', () => {
    const many = new Uint8Array(Buffer.alloc(3 * 1_025, hex('c1 09 64')));
    expect(() => decodeTlv([3, 0], many, exampleTypes)).toThrow(/more than 1024/);
  });
});
