import { badRequest } from '../lwm2m-error.js';
import { hasType, parseObjectLink, type ResourceType, type Value } from '../value.js';
import { decodeBase64, decodeUtf8, encodeBase64, encodeUtf8 } from './text.js';

/** One value as text. LwM2M 1.1 Core §7.4.1 and Appendix C. */
export function encodePlainText(type: ResourceType, value: Value): Uint8Array {
  return encodeUtf8(toText(type, value));
}

function toText(type: ResourceType, value: Value): string {
  if (!hasType(value, type)) throw new TypeError(`value is not of the type ${type}`);
  if (typeof value === 'boolean') return value ? '1' : '0';
  if (value instanceof Uint8Array) return encodeBase64(value);
  if (typeof value === 'object') return `${value.object}:${value.instance}`;
  return typeof value === 'number' ? decimal(value) : value;
}

/** The inverse of {@link encodePlainText}. @throws 4.00 if the text is not a value of the type. */
export function decodePlainText(type: ResourceType, payload: Uint8Array): Value {
  const text = decodeUtf8(payload);
  const value = fromText(type, text);
  if (value === undefined || !hasType(value, type)) throw badRequest(`the text is not a value of the type ${type}`);
  return value;
}

function fromText(type: ResourceType, text: string): Value | undefined {
  switch (type) {
    case 'string':
      return text;
    case 'integer':
    case 'unsigned':
    case 'time':
      return /^[+-]?\d{1,19}$/.test(text) ? Number(text) + 0 : undefined;
    case 'float':
      return /^[+-]?\d{1,400}(?:\.\d{1,400})?(?:[eE][+-]?\d{1,3})?$/.test(text) ? Number(text) : undefined;
    case 'boolean':
      return text === '1' ? true : text === '0' ? false : undefined;
    case 'opaque':
      return decodeBase64(text);
    case 'objlnk':
      return parseObjectLink(text);
  }
}

/** A number without an exponent where that is exact: peers of LwM2M 1.0 read decimal notation only. */
function decimal(value: number): string {
  const text = String(value);
  const match = /^(-?)(\d)(?:\.(\d+))?e([+-]\d+)$/.exec(text);
  if (match === null) return Object.is(value, -0) ? '-0' : text;
  const [, sign = '', first = '', rest = '', exponentText = ''] = match;
  const digits = first + rest;
  const point = 1 + Number(exponentText);
  if (point <= 0) return `${sign}0.${'0'.repeat(-point)}${digits}`;
  return `${sign}${digits.padEnd(point, '0')}`;
}
