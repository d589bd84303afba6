import type { SecurityInfo, SecurityInfoType } from '@avs-net/core';
import { clearBuffer, isBytes } from './bytes.js';
import { ArrayDescriptor, BufferDescriptor, ListDescriptor } from './descriptors.js';
import {
  type CompoundInfo,
  type CredentialInfo,
  type InfoByType,
  type SimpleSecurityInfo,
  sourcesByType,
  wrap,
} from './info-types.js';
import { invalid, readObject, readSimple, readType } from './validation.js';
import { type Budget, type WalkEvent, walk } from './walk.js';

/** The descriptor in a wrapper of unknown origin. @throws TypeError `info` is not an object; EINVAL it has no descriptor. */
export function readDesc(info: unknown, name: string): object {
  if (typeof info !== 'object' || info === null)
    throw new TypeError(`${name} must be a credential as the functions of @avs-net/crypto-creds build it`);
  return readObject(Reflect.get(info, 'desc'), `${name}.desc`);
}

/** Copies of the descriptors in `desc` that are no compounds and not empty, in order. @throws EINVAL naming the element. */
export function flattenDesc<T extends SecurityInfoType>(
  desc: object,
  type: T,
  path: string,
): Exclude<SimpleSecurityInfo<T>, { source: 'empty' }>[] {
  const result = [];
  for (const event of walk(desc, type, path)) {
    if (event.kind !== 'simple') continue;
    const copy = readSimple(event.desc, type, event.source, event.path);
    if (copy.source !== 'empty') result.push(copy);
  }
  return result;
}

/** The copy of a descriptor, structure and all, from the events of its walk. */
export function copyEvents<T extends SecurityInfoType>(events: Iterable<WalkEvent>, type: T): SecurityInfo<T> {
  const root: SecurityInfo<T>[] = [];
  const parents: { children: SecurityInfo<T>[]; source: 'array' | 'list' }[] = [];
  let children = root;
  for (const event of events) {
    switch (event.kind) {
      case 'simple':
        children.push(readSimple(event.desc, type, event.source, event.path));
        break;
      case 'open':
        parents.push({ children, source: event.source });
        children = [];
        break;
      case 'close': {
        const parent = parents.pop();
        if (parent === undefined) throw invalid('desc', 'ends a compound that did not begin');
        const Compound = parent.source === 'array' ? ArrayDescriptor : ListDescriptor;
        parent.children.push(new Compound(type, children));
        children = parent.children;
        break;
      }
    }
  }
  const [desc] = root;
  if (desc === undefined) throw invalid('desc', 'is missing');
  return desc;
}

/** A deep copy of a bare descriptor. @throws EINVAL naming the element. */
export function copyDesc<T extends SecurityInfoType>(
  desc: unknown,
  type: T,
  path: string,
  budget?: Budget,
): SecurityInfo<T> {
  return copyEvents(walk(desc, type, path, budget), type);
}

function typeOf<I extends CredentialInfo>(info: I): { desc: object; type: I['desc']['type'] } {
  const desc = readDesc(info, 'info');
  return { desc, type: readType(desc, undefined, 'info.desc') };
}

/**
 * Checks a credential from wherever it comes: tags, fields, limits, and every element of a compound.
 *
 * It loads nothing: whether a file is there shows when it is loaded.
 * @throws TypeError `info` is not an object; EINVAL naming the field, such as `info.desc.elements[2].head.type`.
 */
export function validate(info: CredentialInfo): void {
  const { desc, type } = typeOf(info);
  for (const event of walk(desc, type, 'info.desc')) {
    if (event.kind !== 'simple') continue;
    const copy = readSimple(event.desc, type, event.source, event.path);
    if (copy instanceof BufferDescriptor) copy.clear();
  }
}

/**
 * The single credentials in `info`, in order: compounds in any nesting are opened, empties skipped. Each is a copy that owns
 * its bytes.
 * @throws TypeError, EINVAL as {@link validate}.
 */
export function flatten<I extends CredentialInfo>(info: I): InfoByType[I['desc']['type']][] {
  const { desc, type } = typeOf(info);
  return flattenDesc(desc, type, 'info.desc').map((copy) => wrap<I['desc']['type']>(copy));
}

/**
 * A deep copy that owns its bytes, of the same structure. Files, directories and what engines hold are not loaded.
 * @throws TypeError, EINVAL as {@link validate}. avs: `avs_crypto_psk_key_info_copy`, `avs_crypto_private_key_info_copy`, ….
 */
export function copy<I extends CredentialInfo>(info: I): InfoByType[I['desc']['type']] {
  const { desc, type } = typeOf(info);
  return wrap<I['desc']['type']>(copyDesc(desc, type, 'info.desc'));
}

function flattenCompound<T extends SecurityInfoType>(desc: object, type: T): SecurityInfo<T>[] {
  if (!sourcesByType[type].includes('array'))
    throw invalid('info.desc.type', `is '${type}', which cannot be a compound`);
  return flattenDesc(desc, type, 'info.desc');
}

/**
 * A deep copy as one flat array: compounds opened, empties skipped.
 * @throws TypeError, EINVAL as {@link validate}. avs: `avs_crypto_certificate_chain_info_copy_as_array`, ….
 */
export function copyAsArray<I extends CompoundInfo>(info: I): InfoByType[I['desc']['type']] {
  const { desc, type } = typeOf<CompoundInfo>(info);
  return wrap<I['desc']['type']>(new ArrayDescriptor(type, flattenCompound(desc, type)));
}

/**
 * A deep copy as one flat linked list: compounds opened, empties skipped.
 * @throws TypeError, EINVAL as {@link validate}. avs: `avs_crypto_certificate_chain_info_copy_as_list`, ….
 */
export function copyAsList<I extends CompoundInfo>(info: I): InfoByType[I['desc']['type']] {
  const { desc, type } = typeOf<CompoundInfo>(info);
  return wrap<I['desc']['type']>(new ListDescriptor(type, flattenCompound(desc, type)));
}

/**
 * Wipes the bytes that `info` holds, in compounds too, and forgets passwords. A built credential is of no use afterwards:
 * using it is EINVAL. Of a literal written by hand, the bytes become zeros. A password or query is a string, which JavaScript
 * cannot wipe.
 * @throws TypeError, EINVAL as {@link validate}.
 */
export function clearInfo(info: CredentialInfo): void {
  const { desc, type } = typeOf(info);
  for (const event of walk(desc, type, 'info.desc')) {
    if (event.kind !== 'simple' || event.source !== 'buffer') continue;
    if (event.desc instanceof BufferDescriptor) {
      event.desc.clear();
    } else {
      const buffer: unknown = Reflect.get(event.desc, 'buffer');
      if (isBytes(buffer)) clearBuffer(buffer);
    }
  }
}
