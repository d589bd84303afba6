import { concatBytes } from './bytes.js';

/** Tags of X.690 §8 that keys, certificates and revocation lists are told apart by. */
export const DerTag = {
  integer: 0x02,
  bitString: 0x03,
  octetString: 0x04,
  utcTime: 0x17,
  generalizedTime: 0x18,
  sequence: 0x30,
  context0: 0xa0,
} as const;

/** A DER element within `bytes`. */
export interface DerElement {
  readonly tag: number;
  /** Where its tag is. */
  readonly start: number;
  /** Where its content begins. */
  readonly content: number;
  /** Where the next element begins. */
  readonly end: number;
}

/** The element at `start`, or undefined if there is none that ends by `limit`. Definite lengths of up to 4 bytes only. */
export function readDer(bytes: Uint8Array, start: number, limit: number): DerElement | undefined {
  const tag = bytes[start];
  const first = bytes[start + 1];
  if (tag === undefined || first === undefined || (tag & 0x1f) === 0x1f) return undefined;
  let length = first;
  let content = start + 2;
  if (first >= 0x80) {
    const count = first & 0x7f;
    if (count === 0 || count > 4) return undefined;
    length = 0;
    for (let i = 0; i < count; i++) length = length * 256 + (bytes[content++] ?? 0);
  }
  const end = content + length;
  return end > limit || limit > bytes.length ? undefined : { tag, start, content, end };
}

/** The elements that follow one another within `parent`, or undefined if they do not fill it exactly. */
export function derChildren(bytes: Uint8Array, parent: DerElement): DerElement[] | undefined {
  const children: DerElement[] = [];
  for (let offset = parent.content; offset < parent.end; ) {
    const child = readDer(bytes, offset, parent.end);
    if (child === undefined) return undefined;
    children.push(child);
    offset = child.end;
  }
  return children;
}

/** The SEQUENCE that `bytes` are from the first to the last, or undefined. */
export function wholeSequence(bytes: Uint8Array): DerElement | undefined {
  const element = readDer(bytes, 0, bytes.length);
  return element?.tag === DerTag.sequence && element.end === bytes.length ? element : undefined;
}

/** The value of an INTEGER; Infinity if it needs more than 6 bytes, NaN if it is negative or nothing. */
export function derInteger(bytes: Uint8Array, element: DerElement): number {
  const length = element.end - element.content;
  if (length === 0 || ((bytes[element.content] ?? 0) & 0x80) !== 0) return Number.NaN;
  if (length > 6) return Number.POSITIVE_INFINITY;
  let value = 0;
  for (let i = element.content; i < element.end; i++) value = value * 256 + (bytes[i] ?? 0);
  return value;
}

/** An element with this content. */
export function writeDer(tag: number, ...parts: readonly Uint8Array[]): Uint8Array {
  const length = parts.reduce((sum, part) => sum + part.length, 0);
  const lengthBytes: number[] = [];
  for (let rest = length; rest > 0; rest = Math.floor(rest / 256)) lengthBytes.unshift(rest % 256);
  const header = length < 0x80 ? [tag, length] : [tag, 0x80 | lengthBytes.length, ...lengthBytes];
  return concatBytes(Uint8Array.from(header), ...parts);
}
