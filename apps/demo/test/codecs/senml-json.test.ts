import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { decodeSenmlJson, encodeSenmlJson } from '../../src/lwm2m/codecs/senml-json.js';
import { Lwm2mError } from '../../src/lwm2m/lwm2m-error.js';
import type { TypeLookup } from '../../src/lwm2m/value.js';
import { instanceData, seed, typeOf } from './data.js';

const utf8 = (text: string): Uint8Array => new TextEncoder().encode(text);
const untyped: TypeLookup = () => undefined;

describe('SenML JSON', () => {
  it('encodes an instance with one base name and relative names', () => {
    const bytes = encodeSenmlJson(
      [3, 0],
      [
        { path: [3, 0, 0], type: 'string', value: 'Open Mobile Alliance' },
        { path: [3, 0, 6, 1], type: 'integer', value: 5 },
        { path: [3, 0, 13], type: 'time', value: 1_367_491_215 },
      ],
    );
    expect(JSON.parse(new TextDecoder().decode(bytes))).toEqual([
      { bn: '/3/0/', n: '0', vs: 'Open Mobile Alliance' },
      { n: '6/1', v: 5 },
      { n: '13', v: 1_367_491_215 },
    ]);
  });

  it('encodes a single resource by its whole name', () => {
    const bytes = encodeSenmlJson([3303, 0, 5700], [{ path: [3303, 0, 5700], type: 'float', value: 21.5 }]);
    expect(JSON.parse(new TextDecoder().decode(bytes))).toEqual([{ bn: '/3303/0/5700', v: 21.5 }]);
  });

  it('gives back what was encoded', () => {
    fc.assert(
      fc.property(instanceData, ({ base, data }) => {
        const negativeZero = data.some(({ value }) => Object.is(value, -0));
        fc.pre(!negativeZero); // JSON.stringify writes -0 as 0.
        for (const root of [base, base.slice(0, 1), []]) {
          expect(decodeSenmlJson(root, encodeSenmlJson(root, data), typeOf)).toEqual(data);
        }
      }),
      { seed },
    );
  });

  it('applies base names and base values to the records that follow', () => {
    const pack = utf8(
      '[{"bn":"/3303/","bv":20,"n":"0/5700","v":1.5},{"n":"1/5700","v":2},{"bn":"/3303/2/","n":"5700","v":0}]',
    );
    const values = decodeSenmlJson([3303], pack, untyped).map(({ path, value }) => [path.join('/'), value]);
    expect(values).toEqual([
      ['3303/0/5700', 21.5],
      ['3303/1/5700', 22],
      ['3303/2/5700', 20],
    ]);
  });

  it('gives resources that it does not know the type that their field implies', () => {
    const pack = utf8(
      '[{"bn":"/9/0/","n":"0","vs":"a"},{"n":"1","vb":true},{"n":"2","vd":"AQI"},{"n":"3","vlo":"3:0"}]',
    );
    expect(decodeSenmlJson([9, 0], pack, untyped).map(({ type, value }) => [type, value])).toEqual([
      ['string', 'a'],
      ['boolean', true],
      ['opaque', new Uint8Array([1, 2])],
      ['objlnk', { object: 3, instance: 0 }],
    ]);
  });

  it('answers 4.00 to anything malformed, and never fails otherwise', () => {
    const record = fc.record(
      {
        bn: fc.constantFrom('/3/0/', '/3/', '', '/', 'x', '/3/0/99999'),
        n: fc.oneof(fc.constantFrom('0', '0/1', '0/1/2/3', ''), fc.string()),
        v: fc.oneof(fc.double(), fc.string()),
        vs: fc.oneof(fc.string(), fc.integer()),
        vd: fc.string(),
        vlo: fc.oneof(fc.string(), fc.constant('3:0')),
        bv: fc.anything(),
        __proto__: fc.anything(),
      },
      { requiredKeys: [] },
    );
    const payload = fc.oneof(
      fc.uint8Array({ maxLength: 40 }),
      fc.json().map(utf8),
      fc
        .array(record, { maxLength: 4 })
        .map((pack) => utf8(JSON.stringify(pack, (_key, value) => (typeof value === 'bigint' ? 0 : value)))),
    );
    fc.assert(
      fc.property(payload, (bytes) => {
        try {
          decodeSenmlJson([3, 0], bytes, typeOf);
        } catch (error) {
          expect(error).toBeInstanceOf(Lwm2mError);
          expect((error as Lwm2mError).code).toBe('4.00');
        }
      }),
      { seed, numRuns: 2_000 },
    );
  });

  it.each([
    ['is no JSON', '['],
    ['is no array', '{"bn":"/3/0/0","vs":"a"}'],
    ['names a path outside of the request', '[{"bn":"/1/0/1","v":5}]'],
    ['has two values in a record', '[{"bn":"/3/0/0","v":5,"vs":"a"}]'],
    ['has no value in a record', '[{"bn":"/3/0/0"}]'],
    ['has a mandatory label that is not known', '[{"bn":"/3/0/0","vs":"a","x_":1}]'],
    ['has a value of the wrong type', '[{"bn":"/3/0/0","v":5}]'],
    ['has a fraction for an integer', '[{"bn":"/3/0/1","v":5.5}]'],
    ['has a value for an instance', '[{"bn":"/3/0","v":5}]'],
  ])('refuses a payload that %s', (_why, text) => {
    expect(() => decodeSenmlJson([3, 0], utf8(text), typeOf)).toThrow(expect.objectContaining({ code: '4.00' }));
  });
});
