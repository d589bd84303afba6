import { Lwm2mError, notAllowed, notFound } from './lwm2m-error.js';
import { formatPath, isWithin, type Path } from './path.js';
import { type Datum, hasType, type ResourceType, type Value } from './value.js';

/** What a resource is, the same on every device: from the registry of objects. */
export interface ResourceDefinition {
  readonly id: number;
  readonly name: string;
  /** Undefined for a resource that is only executed. */
  readonly type?: ResourceType;
  /** `R`, `W`, `RW` or `E`. */
  readonly operations: 'R' | 'W' | 'RW' | 'E';
  readonly multiple?: boolean;
}

/** What an object is, the same on every device. */
export interface ObjectDefinition {
  readonly id: number;
  readonly name: string;
  readonly resources: readonly ResourceDefinition[];
}

/** A resource of this device: what it does when it is read, written or executed. */
export interface ResourceBehaviour {
  /** The value, or the values by resource instance of a multiple resource; undefined while there is no such resource. */
  read?(): Value | ReadonlyMap<number, Value> | undefined;
  /** Takes a value of the resource's type. @throws 4.00 for a value out of range. With `dryRun` it only checks. */
  write?(value: Value, dryRun: boolean): void;
  /** Does it. `argument` is what the server sent with it. @throws 4.00 for arguments that are not understood. */
  execute?(argument: Uint8Array): void;
}

/** An object of this device, with its instances by number and their resources by number. */
export interface Lwm2mObject {
  readonly definition: ObjectDefinition;
  readonly instances: ReadonlyMap<number, ReadonlyMap<number, ResourceBehaviour>>;
  /** No server may touch it: every operation is 4.01. The Security object. LwM2M 1.1 Core §6.1 and E.1. */
  readonly hidden?: boolean;
}

/** Tells those who listen that a value has changed. */
export class Changes {
  readonly #listeners = new Set<(path: Path) => void>();

  /** Listens until the returned function is called. */
  listen(listener: (path: Path) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** The value at `path`, or something below it, has changed. */
  emit(path: Path): void {
    for (const listener of [...this.#listeners]) listener(path);
  }
}

interface Leaf {
  readonly path: Path;
  readonly definition: ResourceDefinition;
  readonly behaviour: ResourceBehaviour;
}

/** All objects of a device, and the operations on them. Every operation throws an {@link Lwm2mError}. */
export class Model {
  readonly #objects: ReadonlyMap<number, Lwm2mObject>;
  readonly changes: Changes;

  constructor(objects: readonly Lwm2mObject[], changes: Changes) {
    this.#objects = new Map(objects.map((object) => [object.definition.id, object]));
    this.changes = changes;
  }

  /** The instances that a registration lists: all but those of hidden objects. */
  listInstances(): Path[] {
    const visible = [...this.#objects.values()].filter((object) => object.hidden !== true);
    return visible.flatMap(({ definition, instances }) => [...instances.keys()].map((id) => [definition.id, id]));
  }

  /** The type of a resource, for decoders. */
  typeOf = (object: number, resource: number): ResourceType | undefined =>
    this.#objects.get(object)?.definition.resources.find(({ id }) => id === resource)?.type;

  /**
   * The readable values at `path` and below.
   * @throws 4.04 nothing is there; 4.05 a resource that cannot be read; 4.01 a hidden object.
   */
  read(path: Path): Datum[] {
    const leaves = this.#leaves(path);
    if (path.length > 2 && leaves[0]?.behaviour.read === undefined)
      throw notAllowed(`${formatPath(path)} is not readable`);
    const data = leaves.flatMap(readLeaf).filter((datum) => isWithin(datum.path, path));
    if (path.length === 4 && data.length === 0) throw notFound(`${formatPath(path)} does not exist`);
    return data;
  }

  /** Writes all of `data`, or nothing. @throws 4.04, 4.05, 4.01 as `read`; 4.00 for a wrong value. */
  write(path: Path, data: readonly Datum[]): void {
    if (path.length < 2) throw notAllowed('write needs an object instance or a resource');
    this.#leaves(path);
    const writes = data.map(({ path: at, value }) => ({ leaf: this.#resource(at), at, value }));
    for (const { leaf, at, value } of writes) {
      if (leaf.behaviour.write === undefined || at.length !== 3) throw notAllowed(`${formatPath(at)} is not writable`);
      const { type } = leaf.definition;
      if (type === undefined || !hasType(value, type)) throw new Lwm2mError('4.00', `wrong type for ${formatPath(at)}`);
      leaf.behaviour.write(value, true);
    }
    for (const { leaf, at, value } of writes) {
      leaf.behaviour.write?.(value, false);
      this.changes.emit(at);
    }
  }

  /** @throws 4.04, 4.01 as `read`; 4.05 for anything but an executable resource. */
  execute(path: Path, argument: Uint8Array): void {
    if (path.length !== 3) throw notAllowed('only resources can be executed');
    const leaf = this.#resource(path);
    if (leaf.behaviour.execute === undefined) throw notAllowed(`${formatPath(path)} is not executable`);
    leaf.behaviour.execute(argument);
  }

  /**
   * What is at `path` and below: the path itself, its instances and resources, with the number of instances of a multiple
   * resource. @throws 4.04, 4.01 as `read`; 4.05 at the root or below a resource.
   */
  discover(path: Path): { readonly path: Path; readonly dimension?: number }[] {
    if (path.length === 0 || path.length > 3) throw notAllowed('discover needs an object, an instance or a resource');
    const leaves = this.#leaves(path);
    const found: { path: Path; dimension?: number }[] = [];
    if (path.length < 3) found.push({ path });
    let instance = path[1];
    for (const leaf of leaves) {
      if (path.length === 1 && leaf.path[1] !== instance) found.push({ path: leaf.path.slice(0, 2) });
      instance = leaf.path[1];
      const value = leaf.definition.multiple === true ? leaf.behaviour.read?.() : undefined;
      found.push({ path: leaf.path, ...(value instanceof Map && { dimension: value.size }) });
    }
    return found;
  }

  /** Throws as every operation on `path` would if there is nothing there. */
  assertExists(path: Path): void {
    this.#leaves(path);
  }

  #resource(path: Path): Leaf {
    const [leaf] = this.#leaves(path.slice(0, 3));
    if (leaf === undefined) throw notFound(`${formatPath(path)} does not exist`);
    return leaf;
  }

  #leaves(path: Path): Leaf[] {
    const [objectId, instanceId, resourceId] = path;
    if (objectId === undefined) throw notAllowed('the root cannot be addressed');
    const object = this.#objects.get(objectId);
    if (object === undefined) throw notFound(`there is no object ${objectId}`);
    if (object.hidden === true) throw new Lwm2mError('4.01', `object ${objectId} is not accessible`);
    const { definition, instances } = object;
    const leaves = [...instances]
      .filter(([id]) => instanceId === undefined || id === instanceId)
      .flatMap(([id, resources]) =>
        definition.resources.flatMap((resource) => {
          const behaviour = resources.get(resource.id);
          if (
            behaviour === undefined ||
            isAbsent(behaviour) ||
            (resourceId !== undefined && resource.id !== resourceId)
          )
            return [];
          return [{ path: [objectId, id, resource.id], definition: resource, behaviour }];
        }),
      );
    if (leaves.length === 0) throw notFound(`${formatPath(path.slice(0, 3))} does not exist`);
    return leaves;
  }
}

function isAbsent({ read }: ResourceBehaviour): boolean {
  return read !== undefined && read() === undefined;
}

function readLeaf({ path, definition: { type }, behaviour }: Leaf): Datum[] {
  if (behaviour.read === undefined || type === undefined) return [];
  const value = behaviour.read();
  if (value === undefined) return [];
  if (!(value instanceof Map)) return [{ path, type, value: value as Value }];
  return [...(value as ReadonlyMap<number, Value>)].map(([id, one]) => ({ path: [...path, id], type, value: one }));
}
