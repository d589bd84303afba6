import type { Path } from './path.js';

/** Data types of resources. LwM2M 1.1 Core, Appendix C. Times are seconds since 1970. */
export type ResourceType = 'string' | 'integer' | 'unsigned' | 'float' | 'boolean' | 'opaque' | 'time' | 'objlnk';

/** A link to an object instance. */
export interface ObjectLink {
  readonly object: number;
  readonly instance: number;
}

/**
 * A value: text, a number (integers only as far as a double is exact), a truth value, bytes, or a link.
 * Which one goes with which {@link ResourceType} is checked by {@link hasType}.
 */
export type Value = string | number | boolean | Uint8Array | ObjectLink;

/** One value and where it is: three identifiers for a single resource, four for an instance of a multiple one. */
export interface Datum {
  readonly path: Path;
  readonly type: ResourceType;
  readonly value: Value;
}

/** Says what type a resource has, or undefined for a resource that is not known. */
export type TypeLookup = (object: number, resource: number) => ResourceType | undefined;

/** Whether `value` is a value of `type`. */
export function hasType(value: unknown, type: ResourceType): value is Value {
  switch (type) {
    case 'string':
      return typeof value === 'string';
    case 'integer':
    case 'time':
      return Number.isSafeInteger(value);
    case 'unsigned':
      return Number.isSafeInteger(value) && (value as number) >= 0;
    case 'float':
      return typeof value === 'number' && Number.isFinite(value);
    case 'boolean':
      return typeof value === 'boolean';
    case 'opaque':
      return value instanceof Uint8Array;
    case 'objlnk':
      return isObjectLink(value);
  }
}

/** Whether `value` is a link, its identifiers in range (65,535:65,535 is the null link). */
export function isObjectLink(value: unknown): value is ObjectLink {
  if (typeof value !== 'object' || value === null) return false;
  const { object, instance } = value as Partial<ObjectLink>;
  return isUint16(object) && isUint16(instance);
}

/** A link from text such as `3:0`, or undefined. */
export function parseObjectLink(text: string): ObjectLink | undefined {
  const match = /^(\d{1,5}):(\d{1,5})$/.exec(text);
  if (match === null) return undefined;
  const link = { object: Number(match[1]), instance: Number(match[2]) };
  return isObjectLink(link) ? link : undefined;
}

/** A value as text for people. */
export function describeValue(value: Value): string {
  if (value instanceof Uint8Array) return `0x${Buffer.from(value).toString('hex')}`;
  if (typeof value === 'object') return `${value.object}:${value.instance}`;
  return typeof value === 'string' ? JSON.stringify(value) : String(value);
}

/** Whether two values of one type are the same. */
export function sameValue(a: Value, b: Value): boolean {
  if (a instanceof Uint8Array && b instanceof Uint8Array) return Buffer.compare(a, b) === 0;
  if (isObjectLink(a) && isObjectLink(b)) return a.object === b.object && a.instance === b.instance;
  return Object.is(a, b);
}

function isUint16(value: unknown): value is number {
  return Number.isInteger(value) && (value as number) >= 0 && (value as number) <= 0xffff;
}
