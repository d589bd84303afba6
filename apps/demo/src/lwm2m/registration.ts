import type { CoapEndpoint } from '../coap/coap-endpoint.js';
import type { Peer } from '../coap/messages.js';
import { longestLifetime } from '../objects/server.js';
import { decodeLinks } from './codecs/link-format.js';
import { badRequest, Lwm2mError } from './lwm2m-error.js';
import { formatPath, type Path, parsePath } from './path.js';

/** Seconds, where a device names none. LwM2M 1.1 Core §6.2.1. */
const defaultLifetime = 86_400;

/** What a device said of itself. LwM2M 1.1 Core §6.2.1 and §6.2.2. */
export interface RegistrationParameters {
  readonly endpointName: string | undefined;
  /** Seconds. */
  readonly lifetime: number | undefined;
  readonly version: string | undefined;
  readonly binding: string | undefined;
}

/** A device that is registered. */
export interface Registration {
  readonly endpointName: string;
  /** The last segment of its location. */
  readonly id: string;
  /** The PSK identity that it has proven; undefined without security. */
  readonly identity: string | undefined;
  readonly version: string;
  readonly binding: string;
  /** Seconds. */
  readonly lifetime: number;
  /** Objects and object instances. */
  readonly objects: readonly Path[];
  /** Content formats that it says it has. */
  readonly formats: readonly number[];
  /** Where its objects are, when not at the root. */
  readonly root: readonly string[];
  /** How it is reached. */
  readonly endpoint: CoapEndpoint;
  readonly peer: Peer;
  /** When it is over unless renewed, on the server's clock, ms. */
  readonly expiresAt: number;
}

/** Reads the query of a Register or an Update. @throws 4.00 for what is not valid, 4.12 for a version that is not ours. */
export function parseRegistration(query: readonly string[]): RegistrationParameters {
  const values = new Map<string, string>();
  for (const part of query) {
    const [key = '', ...rest] = part.split('=');
    if (values.has(key)) throw badRequest('a parameter comes twice');
    values.set(key, rest.join('='));
  }
  const version = values.get('lwm2m');
  if (version !== undefined && !/^1\.\d$/.test(version)) throw new Lwm2mError('4.12', 'LwM2M 1.x is supported');
  const binding = values.get('b');
  if (binding !== undefined && !/^[A-Z]{0,8}$/.test(binding)) throw badRequest('b is not a binding mode');
  return {
    endpointName: parseEndpointName(values.get('ep')),
    lifetime: parseLifetime(values.get('lt')),
    version,
    binding,
  };
}

/** An endpoint name: 1 to 255 bytes of printable text, so that it can be shown and typed. */
function parseEndpointName(name: string | undefined): string | undefined {
  if (name === undefined) return undefined;
  if (name === '' || Buffer.byteLength(name) > 255 || /[\p{C}\s]/u.test(name)) {
    throw badRequest('ep is 1 to 255 bytes of printable text without spaces');
  }
  return name;
}

function parseLifetime(text: string | undefined): number | undefined {
  if (text === undefined) return undefined;
  const lifetime = /^\d{1,10}$/.test(text) ? Number(text) : 0;
  if (lifetime < 1 || lifetime > longestLifetime) throw badRequest(`lt is 1 to ${longestLifetime} seconds`);
  return lifetime;
}

/** Lifetime, version and binding where a device names none. */
export const registrationDefaults = { lifetime: defaultLifetime, version: '1.0', binding: 'U' } as const;

/** Reads the list of objects of a Register or an Update. Links that are no LwM2M paths are left out. @throws 4.00 malformed. */
export function parseObjects(payload: Uint8Array): Pick<Registration, 'objects' | 'formats' | 'root'> {
  const links = decodeLinks(payload);
  const rootLink = links.find(({ attributes }) => attributes.get('rt') === 'oma.lwm2m');
  const root = (rootLink?.target ?? '/').split('/').filter((segment) => segment !== '');
  const contentTypes = rootLink?.attributes.get('ct');
  const formats =
    typeof contentTypes === 'string' ? contentTypes.split(/\s+/).filter((one) => /^\d{1,5}$/.test(one)) : [];
  const prefix = root.length === 0 ? '' : `/${root.join('/')}`;
  const objects = links.flatMap(({ target }) => {
    if (!target.startsWith(`${prefix}/`)) return [];
    try {
      const path = parsePath(target.slice(prefix.length));
      return path.length === 1 || path.length === 2 ? [path] : [];
    } catch {
      return [];
    }
  });
  return { objects, formats: formats.map(Number), root };
}

/** The list of objects as text for people. */
export function describeObjects({ objects }: Registration): string {
  return objects.map(formatPath).join(' ');
}
