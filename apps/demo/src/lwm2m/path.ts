import { badRequest } from './lwm2m-error.js';

/**
 * Where something is: object, object instance, resource, resource instance. Empty is the root.
 * LwM2M 1.1 Core §7.1: each identifier is 0 to 65,534; 65,535 is reserved.
 */
export type Path = readonly number[];

/** The largest identifier of an object, instance or resource. */
export const largestId = 65_534;

/** A path from the segments of a URI. @throws 4.00 for a segment that is no identifier, or more than four. */
export function pathFromSegments(segments: readonly string[]): Path {
  if (segments.length > 4) throw badRequest('a path has at most four identifiers');
  return segments.map((segment) => {
    const id = /^(?:0|[1-9]\d{0,4})$/.test(segment) ? Number(segment) : Number.NaN;
    if (!(id <= largestId)) throw badRequest('a path is made of numbers from 0 to 65534');
    return id;
  });
}

/** A path from text such as `/3/0/13`; `/` is the root. @throws 4.00 as {@link pathFromSegments}. */
export function parsePath(text: string): Path {
  if (text === '/' || text === '') return [];
  return pathFromSegments((text.startsWith('/') ? text.slice(1) : text).split('/'));
}

/** `/3/0/13`. */
export function formatPath(path: Path): string {
  return `/${path.join('/')}`;
}

/** Whether `path` is `ancestor` or lies below it. */
export function isWithin(path: Path, ancestor: Path): boolean {
  return ancestor.length <= path.length && ancestor.every((id, index) => path[index] === id);
}

/** Whether one of the two lies within the other: a change of one can be seen at the other. */
export function overlap(a: Path, b: Path): boolean {
  return isWithin(a, b) || isWithin(b, a);
}
