import { badRequest } from '../lwm2m-error.js';
import { largestId, type Path } from '../path.js';
import { type Datum, hasType, type ObjectLink, type ResourceType, type TypeLookup, type Value } from '../value.js';
import { decodeUtf8, encodeUtf8 } from './text.js';

/** Bits 7 and 6 of the type byte. LwM2M 1.1 Core §7.4.3. */
const Kind = { objectInstance: 0, resourceInstance: 1, multipleResource: 2, resource: 3 } as const;

/** What a payload may hold at most; a demo device has a hundredth of it. */
const largestCount = 1_024;

/** An entry as it is on the wire: its value is not interpreted. */
interface Entry {
  readonly kind: number;
  readonly id: number;
  readonly value: Uint8Array;
}

/**
 * Values below `base` in TLV. LwM2M 1.1 Core §7.4.3.
 * Below an object its instances; below an instance, its resources; else the resource itself.
 */
export function encodeTlv(base: Path, data: readonly Datum[]): Uint8Array {
  if (base.length === 0) throw new TypeError('base is the root, which TLV cannot express');
  return base.length === 1 ? encodeObject(data) : encodeResources(data);
}

function encodeObject(data: readonly Datum[]): Uint8Array {
  const instances = [...groupBy(data, 1)];
  return concat(instances.map(([id, group]) => encodeEntry(Kind.objectInstance, id, encodeResources(group))));
}

function encodeResources(data: readonly Datum[]): Uint8Array {
  return concat(
    [...groupBy(data, 2)].map(([id, group]) => {
      const [first] = group;
      if (first !== undefined && first.path.length === 3) {
        return encodeEntry(Kind.resource, id, encodeValue(first.type, first.value));
      }
      const instances = group.map((datum) =>
        encodeEntry(Kind.resourceInstance, datum.path[3] ?? 0, encodeValue(datum.type, datum.value)),
      );
      return encodeEntry(Kind.multipleResource, id, concat(instances));
    }),
  );
}

function groupBy(data: readonly Datum[], level: number): Map<number, Datum[]> {
  const groups = new Map<number, Datum[]>();
  for (const datum of data) {
    const id = datum.path[level] ?? 0;
    const group = groups.get(id);
    if (group === undefined) groups.set(id, [datum]);
    else group.push(datum);
  }
  return groups;
}

function encodeEntry(kind: number, id: number, value: Uint8Array): Uint8Array {
  const idBytes = id > 0xff ? [id >> 8, id & 0xff] : [id];
  const { length } = value;
  const lengthBytes =
    length < 8
      ? []
      : length < 0x100
        ? [length]
        : length < 0x1_0000
          ? [length >> 8, length & 0xff]
          : [length >> 16, (length >> 8) & 0xff, length & 0xff];
  if (length > 0xff_ffff) throw new RangeError('a TLV value is at most 16,777,215 bytes');
  const type =
    (kind << 6) | (id > 0xff ? 0x20 : 0) | (lengthBytes.length << 3) | (lengthBytes.length === 0 ? length : 0);
  return concat([Uint8Array.of(type, ...idBytes, ...lengthBytes), value]);
}

function encodeValue(type: ResourceType, value: Value): Uint8Array {
  if (!hasType(value, type)) throw new TypeError(`value is not of the type ${type}`);
  if (typeof value === 'string') return encodeUtf8(value);
  if (typeof value === 'boolean') return Uint8Array.of(value ? 1 : 0);
  if (value instanceof Uint8Array) return value;
  if (typeof value === 'number') {
    return type === 'float' ? encodeFloat(value) : type === 'unsigned' ? encodeUnsigned(value) : encodeInteger(value);
  }
  return Uint8Array.of(value.object >> 8, value.object & 0xff, value.instance >> 8, value.instance & 0xff);
}

function encodeInteger(value: number): Uint8Array {
  const length = value === (value << 24) >> 24 ? 1 : value === (value << 16) >> 16 ? 2 : value === (value | 0) ? 4 : 8;
  const bytes = new Uint8Array(8);
  new DataView(bytes.buffer).setBigInt64(0, BigInt(value));
  return bytes.subarray(8 - length);
}

function encodeUnsigned(value: number): Uint8Array {
  const length = value < 0x100 ? 1 : value < 0x1_0000 ? 2 : value < 0x1_0000_0000 ? 4 : 8;
  const bytes = new Uint8Array(8);
  new DataView(bytes.buffer).setBigUint64(0, BigInt(value));
  return bytes.subarray(8 - length);
}

function encodeFloat(value: number): Uint8Array {
  const short = Math.fround(value) === value;
  const bytes = new Uint8Array(short ? 4 : 8);
  const view = new DataView(bytes.buffer);
  if (short) view.setFloat32(0, value);
  else view.setFloat64(0, value);
  return bytes;
}

/**
 * The inverse of {@link encodeTlv}. Below an instance, a payload that wraps its resources in that instance is taken too
 * (servers differ), and so is an object's payload with bare resources, as instance 0.
 * @throws 4.00 malformed, a value that does not fit its type, or a resource that `typeOf` does not know.
 */
export function decodeTlv(base: Path, payload: Uint8Array, typeOf: TypeLookup): Datum[] {
  const [object, instance] = base;
  if (object === undefined) throw badRequest('TLV needs the path of an object');
  const data: Datum[] = [];
  const take = (entries: readonly Entry[], at: number): void => {
    for (const entry of entries) decodeResource([object, at], entry, typeOf, data);
  };
  for (const entry of decodeEntries(payload)) {
    if (entry.kind === Kind.objectInstance) {
      if (instance !== undefined && entry.id !== instance) throw badRequest('TLV speaks of another object instance');
      take(decodeEntries(entry.value), entry.id);
    } else if (entry.kind === Kind.resourceInstance) {
      decodeResourceInstance(base, entry, typeOf, data);
    } else {
      take([entry], instance ?? 0);
    }
  }
  if (data.length > largestCount) throw badRequest(`more than ${largestCount} values`);
  return data;
}

function decodeResource(base: Path, entry: Entry, typeOf: TypeLookup, data: Datum[]): void {
  const path = [...base, entry.id];
  if (entry.kind === Kind.resource) {
    data.push(decodeDatum(path, entry.value, typeOf));
  } else if (entry.kind === Kind.multipleResource) {
    for (const inner of decodeEntries(entry.value)) {
      if (inner.kind !== Kind.resourceInstance) throw badRequest('TLV: a multiple resource holds resource instances');
      data.push(decodeDatum([...path, inner.id], inner.value, typeOf));
    }
  } else {
    throw badRequest('TLV: an object instance holds resources');
  }
}

function decodeResourceInstance(base: Path, entry: Entry, typeOf: TypeLookup, data: Datum[]): void {
  if (base.length < 3) throw badRequest('TLV: a resource instance needs the path of a resource');
  data.push(decodeDatum([...base.slice(0, 3), entry.id], entry.value, typeOf));
}

function decodeDatum(path: Path, value: Uint8Array, typeOf: TypeLookup): Datum {
  const type = typeOf(path[0] ?? 0, path[2] ?? 0);
  if (type === undefined) throw badRequest(`resource /${path.slice(0, 3).join('/')} is not known`);
  return { path, type, value: decodeValue(type, value) };
}

function decodeEntries(bytes: Uint8Array): Entry[] {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  const entries: Entry[] = [];
  let offset = 0;
  const take = (count: number): number => {
    if (offset + count > bytes.length) throw badRequest('TLV ends in the middle of an entry');
    offset += count;
    return offset - count;
  };
  while (offset < bytes.length) {
    const type = view.getUint8(take(1));
    const id = (type & 0x20) === 0 ? view.getUint8(take(1)) : view.getUint16(take(2));
    if (id > largestId) throw badRequest('TLV: identifier 65535 is reserved');
    let length = type & 7;
    const lengthSize = (type >> 3) & 3;
    if (lengthSize > 0) {
      length = 0;
      for (let at = take(lengthSize); at < offset; at++) length = (length << 8) | view.getUint8(at);
    }
    const start = take(length);
    entries.push({ kind: type >> 6, id, value: bytes.subarray(start, offset) });
    if (entries.length > largestCount) throw badRequest(`more than ${largestCount} values`);
  }
  return entries;
}

function decodeValue(type: ResourceType, bytes: Uint8Array): Value {
  switch (type) {
    case 'string':
      return decodeUtf8(bytes);
    case 'integer':
    case 'time':
      return decodeInteger(bytes);
    case 'unsigned':
      return decodeUnsigned(bytes);
    case 'float':
      return decodeFloat(bytes);
    case 'boolean':
      if (bytes.length !== 1 || (bytes[0] ?? 2) > 1) throw badRequest('a boolean is one byte, 0 or 1');
      return bytes[0] === 1;
    case 'opaque':
      return bytes.slice();
    case 'objlnk':
      return decodeObjectLink(bytes);
  }
}

function decodeInteger(bytes: Uint8Array): number {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  switch (bytes.length) {
    case 1:
      return view.getInt8(0);
    case 2:
      return view.getInt16(0);
    case 4:
      return view.getInt32(0);
    case 8: {
      const value = Number(view.getBigInt64(0));
      if (!Number.isSafeInteger(value)) throw badRequest('an integer beyond 2^53 is not supported');
      return value;
    }
    default:
      throw badRequest('an integer is 1, 2, 4 or 8 bytes');
  }
}

function decodeUnsigned(bytes: Uint8Array): number {
  if (![1, 2, 4, 8].includes(bytes.length)) throw badRequest('an unsigned integer is 1, 2, 4 or 8 bytes');
  const value = bytes.reduce((sum, byte) => sum * 256 + byte, 0);
  if (!Number.isSafeInteger(value)) throw badRequest('an integer beyond 2^53 is not supported');
  return value;
}

function decodeFloat(bytes: Uint8Array): number {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  const value = bytes.length === 4 ? view.getFloat32(0) : bytes.length === 8 ? view.getFloat64(0) : Number.NaN;
  if (!Number.isFinite(value)) throw badRequest('a float is 4 or 8 bytes and finite');
  return value;
}

function decodeObjectLink(bytes: Uint8Array): ObjectLink {
  if (bytes.length !== 4) throw badRequest('an object link is 4 bytes');
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  return { object: view.getUint16(0), instance: view.getUint16(2) };
}

function concat(parts: readonly Uint8Array[]): Uint8Array {
  const whole = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let offset = 0;
  for (const part of parts) {
    whole.set(part, offset);
    offset += part.length;
  }
  return whole;
}
