import { badRequest } from '../lwm2m-error.js';
import { decodeUtf8, encodeUtf8 } from './text.js';

/** A link and its attributes; an attribute without a value is `true`. RFC 6690 §2. */
export interface Link {
  readonly target: string;
  readonly attributes: ReadonlyMap<string, string | true>;
}

/** What one document may hold at most. */
const largestCount = 1_024;

const name = /[A-Za-z0-9!#$&+\-.^_`|~*]+/y;
const plainValue = /[^\s",;<>\\]+/y;
const quotedValue = /"((?:[^"\\]|\\.)*)"/sy;
const targetPart = /<([^<>\s]*)>/y;
const space = /[ \t\r\n]*/y;

/** Links as `application/link-format`. Attribute values are quoted where they must be, and `ct` and `rt` always as people expect. */
export function encodeLinks(links: readonly Link[]): Uint8Array {
  return encodeUtf8(links.map(encodeLink).join(','));
}

function encodeLink({ target, attributes }: Link): string {
  if (/[<>\s]/.test(target)) throw new TypeError('target must not hold <, > or white space');
  let text = `<${target}>`;
  for (const [key, value] of attributes) {
    if (value === true) text += `;${key}`;
    else text += /^[A-Za-z0-9.+-]+$/.test(value) ? `;${key}=${value}` : `;${key}="${value.replace(/["\\]/g, '\\$&')}"`;
  }
  return text;
}

/** The inverse of {@link encodeLinks}. Of an attribute that comes twice in a link the first counts. @throws 4.00 malformed. */
export function decodeLinks(payload: Uint8Array): Link[] {
  const text = decodeUtf8(payload);
  const links: Link[] = [];
  let offset = 0;
  const take = (pattern: RegExp): RegExpExecArray | undefined => {
    pattern.lastIndex = offset;
    const match = pattern.exec(text);
    if (match !== null) offset = pattern.lastIndex;
    return match ?? undefined;
  };
  const skip = (character: string): boolean => {
    take(space);
    if (text[offset] !== character) return false;
    offset++;
    take(space);
    return true;
  };
  take(space);
  while (offset < text.length) {
    if (links.length === largestCount) throw badRequest(`more than ${largestCount} links`);
    const target = take(targetPart)?.[1];
    if (target === undefined) throw badRequest('link-format: a target in angle brackets is missing');
    const attributes = new Map<string, string | true>();
    while (skip(';')) {
      const key = take(name)?.[0];
      if (key === undefined) throw badRequest('link-format: an attribute has no name');
      const value = skip('=') ? decodeValue(take) : true;
      if (!attributes.has(key)) attributes.set(key, value);
    }
    links.push({ target, attributes });
    if (offset < text.length && (!skip(',') || offset === text.length)) {
      throw badRequest('link-format: links are separated by commas');
    }
  }
  return links;
}

function decodeValue(take: (pattern: RegExp) => RegExpExecArray | undefined): string {
  const quoted = take(quotedValue)?.[1];
  const value = quoted === undefined ? take(plainValue)?.[0] : quoted.replace(/\\(.)/gs, '$1');
  if (value === undefined) throw badRequest('link-format: an attribute has no value after =');
  return value;
}
