import fc from 'fast-check';
import { largestId, type Path } from '../../src/lwm2m/path.js';
import type { Datum, ResourceType, TypeLookup, Value } from '../../src/lwm2m/value.js';

/** The seed of every property here; it is printed with a counterexample. */
export const seed = 20_250_419;

const types: readonly ResourceType[] = [
  'string',
  'integer',
  'unsigned',
  'float',
  'boolean',
  'opaque',
  'time',
  'objlnk',
];

/** The type that generated data give a resource: by its number, so that decoders can look it up. */
export const typeOf: TypeLookup = (_object, resource) => types[resource % types.length];

const identifier = fc.integer({ min: 0, max: largestId });

/** A value of a type. */
export function valueOfType(type: ResourceType): fc.Arbitrary<Value> {
  switch (type) {
    case 'string':
      return fc.string({ unit: 'grapheme', maxLength: 40 });
    case 'integer':
    case 'time':
      return fc.maxSafeInteger().map((value) => value + 0);
    case 'unsigned':
      return fc.maxSafeNat();
    case 'float':
      return fc.oneof(
        fc.float({ noNaN: true, noDefaultInfinity: true }),
        fc.double({ noNaN: true, noDefaultInfinity: true }),
      );
    case 'boolean':
      return fc.boolean();
    case 'opaque':
      return fc.uint8Array({ maxLength: 300 });
    case 'objlnk':
      return fc.record({ object: fc.nat(0xffff), instance: fc.nat(0xffff) });
  }
}

/** A type and a value of it. */
export const typedValue = fc
  .constantFrom(...types)
  .chain((type) => valueOfType(type).map((value) => ({ type, value })));

/** Data of one object instance, in the order in which a model reads them, each path once. */
export const instanceData: fc.Arbitrary<{ base: Path; data: Datum[] }> = fc
  .record({
    object: identifier,
    instance: identifier,
    resources: fc.uniqueArray(
      fc.tuple(identifier, fc.option(fc.uniqueArray(identifier, { minLength: 1, maxLength: 4 }))),
      {
        selector: ([id]) => id,
        minLength: 1,
        maxLength: 8,
      },
    ),
  })
  .chain(({ object, instance, resources }) => {
    const paths = resources.flatMap(([id, instances]) =>
      instances === null ? [[object, instance, id]] : instances.map((one) => [object, instance, id, one]),
    );
    const data = paths.map((path) => {
      const type = typeOf(object, path[2] ?? 0) ?? 'string';
      return valueOfType(type).map((value) => ({ path, type, value }));
    });
    return fc.record({ base: fc.constant([object, instance]), data: fc.tuple(...data) });
  });
