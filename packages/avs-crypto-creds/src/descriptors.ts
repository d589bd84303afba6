import {
  type ArraySecurityInfo,
  type BufferSecurityInfo,
  type EmptySecurityInfo,
  type EngineSecurityInfo,
  errnoError,
  type FileSecurityInfo,
  type ListSecurityInfo,
  type PathSecurityInfo,
  type SecurityInfo,
  type SecurityInfoListNode,
  type SecurityInfoSource,
  type SecurityInfoType,
} from '@avs-net/core';
import { clearBuffer, copyBytes } from './bytes.js';

/** What a descriptor shows of itself: everything but its secrets. */
type Summary = Record<string, unknown>;

const inspect = Symbol.for('nodejs.util.inspect.custom');
const hidden = '<hidden>';
const shownDepth = 4;
const shownElements = 20;

/**
 * A descriptor that keeps its secrets in private fields, out of reach of inspection, JSON, `Object.entries` and spreading.
 * Children of a compound are always of this class.
 */
abstract class Descriptor<T extends SecurityInfoType> {
  readonly type: T;
  abstract readonly source: SecurityInfoSource;

  constructor(type: T) {
    this.type = type;
  }

  abstract summary(depth: number): Summary;

  toJSON(): Summary {
    return this.summary(shownDepth);
  }

  [inspect](): Summary {
    return this.summary(shownDepth);
  }
}

/** No credential. */
export class EmptyDescriptor<T extends SecurityInfoType> extends Descriptor<T> implements EmptySecurityInfo<T> {
  readonly source = 'empty';

  constructor(type: T) {
    super(type);
    Object.freeze(this);
  }

  override summary(): Summary {
    return { type: this.type, source: this.source };
  }
}

/** A file. */
export class FileDescriptor<T extends SecurityInfoType> extends Descriptor<T> implements FileSecurityInfo<T> {
  readonly source = 'file';
  readonly filename: string;
  readonly #password: string | undefined;

  constructor(type: T, filename: string, password: string | undefined) {
    super(type);
    this.filename = filename;
    this.#password = password;
    Object.freeze(this);
  }

  get password(): string | undefined {
    return this.#password;
  }

  override summary(): Summary {
    const { type, source, filename } = this;
    return { type, source, filename, ...(this.#password === undefined ? {} : { password: hidden }) };
  }
}

/** A directory. */
export class PathDescriptor<T extends SecurityInfoType> extends Descriptor<T> implements PathSecurityInfo<T> {
  readonly source = 'path';
  readonly path: string;

  constructor(type: T, path: string) {
    super(type);
    this.path = path;
    Object.freeze(this);
  }

  override summary(): Summary {
    return { type: this.type, source: this.source, path: this.path };
  }
}

/** Bytes, copied. */
export class BufferDescriptor<T extends SecurityInfoType> extends Descriptor<T> implements BufferSecurityInfo<T> {
  readonly source = 'buffer';
  #buffer: Uint8Array | undefined;
  #password: string | undefined;

  constructor(type: T, buffer: Uint8Array, password: string | undefined) {
    super(type);
    this.#buffer = copyBytes(buffer);
    this.#password = password;
    Object.freeze(this);
  }

  /** The descriptor's own bytes, not a copy. @throws EINVAL they were cleared. */
  get buffer(): Uint8Array {
    if (this.#buffer === undefined) throw errnoError('EINVAL', `the ${this.type} descriptor was cleared`);
    return this.#buffer;
  }

  get password(): string | undefined {
    return this.#password;
  }

  /** Wipes the bytes and forgets the password. */
  clear(): void {
    if (this.#buffer !== undefined) clearBuffer(this.#buffer);
    this.#buffer = undefined;
    this.#password = undefined;
  }

  override summary(): Summary {
    const { type, source } = this;
    const buffer = this.#buffer === undefined ? '<cleared>' : `<${this.#buffer.length} bytes>`;
    return { type, source, buffer, ...(this.#password === undefined ? {} : { password: hidden }) };
  }
}

/** A query for an engine, kept as a secret: it may hold a PIN (RFC 7512 §2.4, `pin-value`). */
export class EngineDescriptor<T extends SecurityInfoType> extends Descriptor<T> implements EngineSecurityInfo<T> {
  readonly source = 'engine';
  readonly #query: string;

  constructor(type: T, query: string) {
    super(type);
    this.#query = query;
    Object.freeze(this);
  }

  get query(): string {
    return this.#query;
  }

  override summary(): Summary {
    return { type: this.type, source: this.source, query: hidden };
  }
}

function summarize(children: Iterable<object>, depth: number): unknown[] {
  const shown: unknown[] = [];
  for (const child of children) {
    if (depth === 0 || shown.length === shownElements) {
      shown.push('…');
      break;
    }
    shown.push(child instanceof Descriptor ? child.summary(depth - 1) : hidden);
  }
  return shown;
}

/** An array of descriptors. */
export class ArrayDescriptor<T extends SecurityInfoType> extends Descriptor<T> implements ArraySecurityInfo<T> {
  readonly source = 'array';
  readonly elements: readonly SecurityInfo<T>[];

  constructor(type: T, elements: readonly SecurityInfo<T>[]) {
    super(type);
    this.elements = Object.freeze([...elements]);
    Object.freeze(this);
  }

  override summary(depth: number): Summary {
    return { type: this.type, source: this.source, elements: summarize(this.elements, depth) };
  }
}

function* listElements<T extends SecurityInfoType>(
  head: SecurityInfoListNode<T> | undefined,
): Generator<SecurityInfo<T>> {
  for (let node = head; node !== undefined; node = node.next) yield node.info;
}

/** A linked list of descriptors. */
export class ListDescriptor<T extends SecurityInfoType> extends Descriptor<T> implements ListSecurityInfo<T> {
  readonly source = 'list';
  readonly head: SecurityInfoListNode<T> | undefined;

  constructor(type: T, elements: readonly SecurityInfo<T>[]) {
    super(type);
    this.head = elements.reduceRight<SecurityInfoListNode<T> | undefined>(
      (next, info) => Object.freeze({ info, next }),
      undefined,
    );
    Object.freeze(this);
  }

  override summary(depth: number): Summary {
    return { type: this.type, source: this.source, head: summarize(listElements(this.head), depth) };
  }
}
