import type { SecurityInfoSource, SecurityInfoType } from '@avs-net/core';
import { maxElements } from './limits.js';
import { invalid, readObject, readSource, readType } from './validation.js';

type CompoundSource = Extract<SecurityInfoSource, 'array' | 'list'>;
type SimpleSource = Exclude<SecurityInfoSource, CompoundSource>;

/** What {@link walk} meets, in order. */
export type WalkEvent =
  | { readonly kind: 'simple'; readonly desc: object; readonly source: SimpleSource; readonly path: string }
  | { readonly kind: 'open'; readonly source: CompoundSource; readonly depth: number }
  | { readonly kind: 'close' };

/** A compound that is being walked. */
interface Level {
  readonly desc: object;
  /** Names the compound; of bounded length. */
  readonly path: string;
  /** The next element, or `done`. */
  next(): unknown;
  /** Names the element that `next` gave last. */
  segment(): string;
}

const done = Symbol('done');

/** Bounds a path's length, and so the cost of naming an element of a compound of any depth. */
function shorten(path: string): string {
  return path.length <= 200 ? path : `${path.slice(0, 100)}…${path.slice(-90)}`;
}

function arrayLevel(desc: object, path: string): Level {
  const elements: unknown = Reflect.get(desc, 'elements');
  if (!Array.isArray(elements)) throw invalid(`${path}.elements`, 'must be an array of descriptors');
  const items: readonly unknown[] = elements;
  let index = -1;
  return {
    desc,
    path,
    next: () => (++index < items.length ? items[index] : done),
    segment: () => `elements[${index}]`,
  };
}

function listLevel(desc: object, path: string): Level {
  let node: unknown = desc;
  let index = -1;
  const seen = new Set<unknown>();
  const segment = (): string => (index < 4 ? `head${'.next'.repeat(index)}` : `head.next{${index}}`);
  return {
    desc,
    path,
    segment,
    next: () => {
      node = Reflect.get(Object(node), index < 0 ? 'head' : 'next');
      index++;
      if (node === undefined) return done;
      if (typeof node !== 'object' || node === null) throw invalid(`${path}.${segment()}`, 'must be a list node');
      if (seen.has(node)) throw invalid(`${path}.${segment()}`, 'is an earlier node again: the list is a cycle');
      seen.add(node);
      return Reflect.get(node, 'info');
    },
  };
}

/** How many descriptors may still come, of the compound that `owner` names. */
export interface Budget {
  left: number;
  readonly owner: string;
}

/**
 * Goes through a descriptor of unknown origin without recursion, whatever its depth. A path names an element as it would be
 * written in code, but that `head.next{7}` is seven nodes on.
 * @throws EINVAL naming the element: not a descriptor, an unknown tag, another type than the rest, a compound of a type that
 * cannot be one, a cycle, or more than {@link maxElements} elements, itself included. Walks that share a budget count together.
 */
export function* walk(
  root: unknown,
  type: SecurityInfoType,
  rootPath: string,
  budget: Budget = { left: maxElements, owner: rootPath },
): Generator<WalkEvent> {
  const levels: Level[] = [];
  const open = new Set<object>();
  let element = root;
  let path = rootPath;
  for (;;) {
    budget.left -= 1;
    if (budget.left < 0) throw invalid(budget.owner, `has more than ${maxElements} elements`);
    const desc = readObject(element, path);
    readType(desc, type, path);
    const source = readSource(desc, type, path);
    if (source === 'array' || source === 'list') {
      if (open.has(desc)) throw invalid(path, 'contains itself: the compound is a cycle');
      open.add(desc);
      levels.push(source === 'array' ? arrayLevel(desc, path) : listLevel(desc, path));
      yield { kind: 'open', source, depth: levels.length };
    } else {
      yield { kind: 'simple', desc, source, path };
    }
    for (;;) {
      const level = levels.at(-1);
      if (level === undefined) return;
      element = level.next();
      path = shorten(`${level.path}.${level.segment()}`);
      if (element !== done) break;
      levels.pop();
      open.delete(level.desc);
      yield { kind: 'close' };
    }
  }
}
