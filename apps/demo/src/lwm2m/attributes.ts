import { badRequest } from './lwm2m-error.js';
import { isWithin, type Path } from './path.js';

/** Notification attributes: periods in whole seconds, thresholds in the unit of the value. LwM2M 1.1 Core §5.1.2. */
export interface Attributes {
  /** No two notifications within this many seconds. */
  readonly pmin?: number;
  /** A notification after this many seconds at the latest. Not used when it is below `pmin`. */
  readonly pmax?: number;
  /** Notify when the value crosses this. */
  readonly gt?: number;
  /** Notify when the value crosses this. */
  readonly lt?: number;
  /** Notify when the value is this much away from the one last notified. */
  readonly st?: number;
}

/** The name of an attribute. */
export type AttributeName = keyof Attributes;

const attributeNames: readonly AttributeName[] = ['pmin', 'pmax', 'gt', 'lt', 'st'];
const valueOnly: ReadonlySet<string> = new Set(['gt', 'lt', 'st']);

/** A change of attributes: a number sets one, undefined removes it. */
export type AttributeChange = ReadonlyMap<AttributeName, number | undefined>;

/** A change from the query of a Write-Attributes request. @throws 4.00 for an attribute or a value that is not understood. */
export function parseAttributes(query: readonly string[]): AttributeChange {
  const change = new Map<AttributeName, number | undefined>();
  for (const part of query) {
    const [key, ...rest] = part.split('=');
    const name = attributeNames.find((one) => one === key);
    if (name === undefined) throw badRequest(`unknown attribute; there are ${attributeNames.join(', ')}`);
    if (change.has(name)) throw badRequest(`attribute ${name} comes twice`);
    change.set(name, rest.length === 0 ? undefined : parseValue(name, rest.join('=')));
  }
  return change;
}

function parseValue(name: AttributeName, text: string): number {
  const format = valueOnly.has(name) ? /^-?\d{1,15}(?:\.\d{1,15})?$/ : /^\d{1,9}$/;
  if (!format.test(text)) throw badRequest(`attribute ${name} has no valid value`);
  const value = Number(text);
  if (name === 'st' && value <= 0) throw badRequest('attribute st is greater than 0');
  return value;
}

/** The attributes that servers have set, by path. */
export class AttributeStore {
  readonly #byPath = new Map<string, { readonly path: Path; readonly attributes: Attributes }>();

  /**
   * Changes the attributes set at `path`, or nothing.
   * @throws 4.00 thresholds on a path that is no numeric resource, or that contradict each other (LwM2M 1.1 Core §5.1.2:
   * lt + 2·st < gt).
   */
  change(path: Path, change: AttributeChange, numeric: boolean): void {
    const next: { -readonly [Name in AttributeName]?: number } = { ...this.#at(path) };
    for (const [name, value] of change) {
      if (value !== undefined && valueOnly.has(name) && !numeric) {
        throw badRequest(`attribute ${name} is for numeric resources`);
      }
      if (value === undefined) delete next[name];
      else next[name] = value;
    }
    const { gt, lt, st = 0 } = next;
    if (gt !== undefined && lt !== undefined && lt + 2 * st >= gt) throw badRequest('lt + 2 * st must be less than gt');
    if (Object.keys(next).length === 0) this.#byPath.delete(path.join('/'));
    else this.#byPath.set(path.join('/'), { path, attributes: next });
  }

  /** What is set at `path` itself. */
  own(path: Path): Attributes {
    return { ...this.#at(path) };
  }

  /** What applies at `path`: a lower level overrides a higher one. */
  effective(path: Path): Attributes {
    const levels = [...this.#byPath.values()].filter((entry) => isWithin(path, entry.path));
    levels.sort((a, b) => a.path.length - b.path.length);
    return Object.assign({}, ...levels.map(({ attributes }) => attributes)) as Attributes;
  }

  /** Everything that is set. */
  all(): { readonly path: Path; readonly attributes: Attributes }[] {
    return [...this.#byPath.values()];
  }

  /** Sets what {@link all} gave, and nothing else. */
  restore(entries: readonly { readonly path: Path; readonly attributes: Attributes }[]): void {
    this.clear();
    for (const { path, attributes } of entries) this.#byPath.set(path.join('/'), { path, attributes });
  }

  /** Forgets everything. */
  clear(): void {
    this.#byPath.clear();
  }

  #at(path: Path): Attributes {
    return this.#byPath.get(path.join('/'))?.attributes ?? {};
  }
}

/** Attributes as those of a link. */
export function linkAttributes(attributes: Attributes): Map<string, string | true> {
  const entries = attributeNames.map((name) => [name, attributes[name]] as const);
  return new Map(entries.flatMap(([name, value]) => (value === undefined ? [] : [[name, String(value)] as const])));
}
