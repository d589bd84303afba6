import { AvsError, errnoError, type SecurityInfoSource, type SecurityInfoType } from '@avs-net/core';
import { clearBuffer, isBytes } from './bytes.js';
import { copyDesc, readDesc } from './copy.js';
import { BufferDescriptor, EngineDescriptor, FileDescriptor, PathDescriptor } from './descriptors.js';
import {
  type CredentialInfo,
  type InfoByType,
  isSecurityInfoType,
  type SimpleSecurityInfo,
  wrap,
} from './info-types.js';
import { maxElements, maxPersistedDepth } from './limits.js';
import { invalid, readSimple, readType } from './validation.js';
import { walk } from './walk.js';

// The format: magic, version, type, and one descriptor. A descriptor is the byte of its source and its fields. A field is a
// length of 4 bytes, big-endian, and as many bytes; a password is preceded by one byte that tells whether it is there. A
// compound is its descriptors, one after another, and the byte `end`.
const magic = [0x41, 0x56, 0x53, 0x43];
const version = 1;
const typeCodes: Readonly<Record<SecurityInfoType, number>> = {
  'certificate-chain': 1,
  'private-key': 2,
  'cert-revocation-list': 3,
  'psk-identity': 4,
  'psk-key': 5,
};
const end = 0;
const sourceCodes: Readonly<Record<SecurityInfoSource, number>> = {
  empty: 1,
  file: 2,
  path: 3,
  buffer: 4,
  array: 5,
  list: 6,
  engine: 7,
};

/** Bytes that grow; what is outgrown is wiped. */
class Writer {
  #bytes = new Uint8Array(256);
  #length = 0;

  write(bytes: ArrayLike<number>): void {
    const length = this.#length + bytes.length;
    if (length > this.#bytes.length) {
      const larger = new Uint8Array(Math.max(length, 2 * this.#bytes.length));
      larger.set(this.#bytes);
      clearBuffer(this.#bytes);
      this.#bytes = larger;
    }
    this.#bytes.set(bytes, this.#length);
    this.#length = length;
  }

  field(bytes: Uint8Array): void {
    const { length } = bytes;
    this.write([length >>> 24, (length >>> 16) & 255, (length >>> 8) & 255, length & 255]);
    this.write(bytes);
  }

  text(text: string): void {
    const bytes = new TextEncoder().encode(text);
    this.field(bytes);
    clearBuffer(bytes);
  }

  password(password: string | undefined): void {
    this.write([password === undefined ? 0 : 1]);
    if (password !== undefined) this.text(password);
  }

  finish(): Uint8Array {
    const result = this.#bytes.slice(0, this.#length);
    this.clear();
    return result;
  }

  clear(): void {
    clearBuffer(this.#bytes);
  }
}

function writeSimple(writer: Writer, info: SimpleSecurityInfo): void {
  writer.write([sourceCodes[info.source]]);
  if (info instanceof FileDescriptor) {
    writer.text(info.filename);
    writer.password(info.password);
  } else if (info instanceof PathDescriptor) {
    writer.text(info.path);
  } else if (info instanceof EngineDescriptor) {
    writer.text(info.query);
  } else if (info instanceof BufferDescriptor) {
    writer.field(info.buffer);
    writer.password(info.password);
    info.clear();
  }
}

/**
 * A credential as bytes, for {@link restore}. What it refers to (files, directories, what engines hold) is not included.
 *
 * The bytes hold keys and passwords as they are: keep them as you would the key, and {@link clearBuffer} them after use.
 * @throws TypeError `info` is not an object; EINVAL an invalid credential, or compounds nested deeper than 64 levels.
 * avs: `avs_crypto_psk_key_info_persistence`, `avs_crypto_certificate_chain_info_persistence`, ….
 */
export function persist(info: CredentialInfo): Uint8Array {
  const desc = readDesc(info, 'info');
  const type = readType(desc, undefined, 'info.desc');
  const writer = new Writer();
  try {
    writer.write([...magic, version, typeCodes[type]]);
    for (const event of walk(desc, type, 'info.desc')) {
      if (event.kind === 'simple') {
        writeSimple(writer, readSimple(event.desc, type, event.source, event.path));
      } else if (event.kind === 'close') {
        writer.write([end]);
      } else {
        if (event.depth > maxPersistedDepth)
          throw invalid('info.desc', `is nested deeper than ${maxPersistedDepth} levels: flatten it with copyAsArray`);
        writer.write([sourceCodes[event.source]]);
      }
    }
    return writer.finish();
  } finally {
    writer.clear();
  }
}

function malformed(problem: string): AvsError {
  return errnoError('EBADMSG', `bytes are not a persisted credential: ${problem}`);
}

/** Reads what {@link persist} wrote. Fields of bytes are views of the input, not copies. */
class Reader {
  readonly #bytes: Uint8Array;
  #offset = 0;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
  }

  get atEnd(): boolean {
    return this.#offset === this.#bytes.length;
  }

  byte(): number {
    const value = this.#bytes[this.#offset];
    if (value === undefined) throw malformed('they end too early');
    this.#offset++;
    return value;
  }

  field(): Uint8Array {
    const length = this.byte() * 0x1000000 + this.byte() * 0x10000 + this.byte() * 0x100 + this.byte();
    if (length > this.#bytes.length - this.#offset) throw malformed('a field is longer than they are');
    this.#offset += length;
    return this.#bytes.subarray(this.#offset - length, this.#offset);
  }

  text(): string {
    try {
      return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(this.field());
    } catch (error) {
      if (error instanceof AvsError) throw error;
      throw malformed('a text is not UTF-8');
    }
  }

  password(): string | undefined {
    const present = this.byte();
    if (present > 1) throw malformed('a flag is neither 0 nor 1');
    return present === 1 ? this.text() : undefined;
  }
}

function readFields(reader: Reader, code: number): object {
  switch (code) {
    case sourceCodes.empty:
      return { source: 'empty' };
    case sourceCodes.file:
      return { source: 'file', filename: reader.text(), password: reader.password() };
    case sourceCodes.path:
      return { source: 'path', path: reader.text() };
    case sourceCodes.engine:
      return { source: 'engine', query: reader.text() };
    case sourceCodes.buffer:
      return { source: 'buffer', buffer: reader.field(), password: reader.password() };
    default:
      throw malformed('a source is unknown');
  }
}

function readTree(reader: Reader, type: SecurityInfoType): unknown {
  const parents: { source: 'array' | 'list'; children: unknown[] }[] = [];
  let count = 0;
  for (;;) {
    let node: object;
    const code = reader.byte();
    const parent = parents.at(-1);
    if (code === end && parent !== undefined) {
      parents.pop();
      const { source, children } = parent;
      if (source === 'array') node = { type, source, elements: children };
      else {
        const head = children.reduceRight<unknown>((next, info) => ({ info, next }), undefined);
        node = { type, source, head };
      }
    } else {
      if (++count > maxElements) throw malformed(`they hold more than ${maxElements} elements`);
      if (code === sourceCodes.array || code === sourceCodes.list) {
        if (parents.length === maxPersistedDepth) throw malformed('they are nested too deep');
        parents.push({ source: code === sourceCodes.array ? 'array' : 'list', children: [] });
        continue;
      }
      node = { type, ...readFields(reader, code) };
    }
    const container = parents.at(-1);
    if (container === undefined) return node;
    container.children.push(node);
  }
}

/**
 * A credential from the bytes that {@link persist} gave. The bytes may come from anywhere: all of them are checked, and they
 * are copied.
 * @param type what the bytes must hold: a key cannot come back as a certificate.
 * @throws TypeError `bytes` is not a Uint8Array; EINVAL an unknown `type`; EBADMSG another format, version or type, truncated,
 * or holding what a credential may not.
 */
export function restore<T extends SecurityInfoType>(bytes: Uint8Array, type: T): InfoByType[T] {
  if (!isBytes(bytes)) throw new TypeError('bytes must be a Uint8Array');
  if (!isSecurityInfoType(type)) throw invalid('type', 'must be the tag of a credential');
  const reader = new Reader(bytes);
  if (magic.some((byte) => reader.byte() !== byte)) throw malformed('they begin otherwise');
  if (reader.byte() !== version) throw malformed('the version of the format is unknown');
  if (reader.byte() !== typeCodes[type]) throw malformed(`they do not hold a ${type}`);
  const tree = readTree(reader, type);
  if (!reader.atEnd) throw malformed('something follows');
  try {
    return wrap<T>(copyDesc(tree, type, 'desc'));
  } catch (error) {
    throw error instanceof AvsError ? malformed(error.message) : error;
  }
}
