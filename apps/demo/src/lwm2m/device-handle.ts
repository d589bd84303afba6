import type { RunningObservation } from '../coap/coap-endpoint.js';
import type { OutgoingRequest, Response } from '../coap/messages.js';
import { definitions } from '../objects/definitions.js';
import { printable } from '../printable.js';
import { decodeLinks, type Link } from './codecs/link-format.js';
import { encodePlainText } from './codecs/plain-text.js';
import { decodeUtf8 } from './codecs/text.js';
import { ContentFormat, decodeData, formatName } from './content-format.js';
import { formatPath, type Path } from './path.js';
import type { Registration } from './registration.js';
import type { Datum, ResourceType, TypeLookup, Value } from './value.js';

/** The answer of a device, and what it says. */
export interface DeviceAnswer {
  /** As in `2.05`. */
  readonly code: string;
  /** The values, if there are any and they could be decoded. */
  readonly data: readonly Datum[];
  /** The format's name, or undefined when there is no payload. */
  readonly format: string | undefined;
  /** What an error says, or why the values could not be decoded. */
  readonly diagnostic: string | undefined;
}

/** A registered device, to be read and written. Every operation rejects when the device does not answer. LwM2M 1.1 Core §6.3, §6.4. */
export class DeviceHandle {
  #registration: Registration;
  readonly #observations = new Map<string, RunningObservation>();

  constructor(registration: Registration) {
    this.#registration = registration;
  }

  /** @internal The device has updated its registration, or is reached over another association. */
  renew(registration: Registration): void {
    const { endpoint, peer } = registration;
    if (endpoint !== this.#registration.endpoint) {
      for (const observation of this.#observations.values()) observation.moveTo(endpoint, peer);
    }
    this.#registration = registration;
  }

  /** What the device registered with. */
  get registration(): Registration {
    return this.#registration;
  }

  /** Reads an object, an instance or a resource; in `format`, or what suits the path and the device. */
  async read(path: Path, format = this.#preferredFormat(path)): Promise<DeviceAnswer> {
    return decodeAnswer(path, await this.#request({ method: 'GET', path, accept: format }));
  }

  /** Writes a value to a resource, as text. @throws TypeError if the value is not of the type. */
  async write(path: Path, type: ResourceType, value: Value): Promise<DeviceAnswer> {
    const payload = encodePlainText(type, value);
    return this.writePayload(path, ContentFormat.text, payload);
  }

  /** Writes an encoded payload: replaces what is there, or with `partial` only what the payload holds. */
  async writePayload(path: Path, contentFormat: number, payload: Uint8Array, partial = false): Promise<DeviceAnswer> {
    const method = partial ? 'POST' : 'PUT';
    return decodeAnswer(path, await this.#request({ method, path, contentFormat, payload }));
  }

  /** Executes a resource. `argument` is text such as `0='x'`. */
  async execute(path: Path, argument?: string): Promise<DeviceAnswer> {
    const body =
      argument === undefined ? {} : { contentFormat: ContentFormat.text, payload: new TextEncoder().encode(argument) };
    return decodeAnswer(path, await this.#request({ method: 'POST', path, ...body }));
  }

  /** Sets or removes notification attributes: `['pmin=5', 'gt']`. */
  async writeAttributes(path: Path, attributes: readonly string[]): Promise<DeviceAnswer> {
    return decodeAnswer(path, await this.#request({ method: 'PUT', path, query: attributes }));
  }

  /** Lists what is at a path, with attributes. @throws Error with the code if the device refuses. */
  async discover(path: Path): Promise<readonly Link[]> {
    const response = await this.#request({ method: 'GET', path, accept: ContentFormat.linkFormat });
    if (response.code !== '2.05') throw new Error(`${response.code} ${diagnosticOf(response)}`);
    return decodeLinks(response.payload);
  }

  /** Observes a path; a second time replaces the first. `notified` gets every notification after the answer. */
  async observe(path: Path, notified: (answer: DeviceAnswer) => void): Promise<DeviceAnswer> {
    const request = this.#toRequest({ method: 'GET', path, accept: this.#preferredFormat(path) });
    const { endpoint } = this.#registration;
    const key = formatPath(path);
    const { response, observation } = await endpoint.observe(request, (notification) => {
      if (!notification.code.startsWith('2.')) this.#observations.delete(key);
      notified(decodeAnswer(path, notification));
    });
    const before = this.#observations.get(key);
    if (observation !== undefined) this.#observations.set(key, observation);
    await before?.cancel();
    const answer = decodeAnswer(path, response);
    if (observation !== undefined || !response.code.startsWith('2.')) return answer;
    return { ...answer, diagnostic: 'the device did not begin an observation' };
  }

  /** Ends an observation. @throws Error if there is none. */
  async cancel(path: Path): Promise<DeviceAnswer> {
    const key = formatPath(path);
    const observation = this.#observations.get(key);
    if (observation === undefined) throw new Error(`${key} is not observed`);
    this.#observations.delete(key);
    return decodeAnswer(path, await observation.cancel());
  }

  /** What is observed. */
  get observed(): readonly string[] {
    return [...this.#observations.keys()];
  }

  /** Text for a single value, else SenML JSON where the device says that it has it, which needs no definitions; else TLV. */
  #preferredFormat(path: Path): number | undefined {
    if (path.length > 2) return undefined;
    const { senmlJson, tlv } = ContentFormat;
    return this.#registration.formats.includes(senmlJson) ? senmlJson : tlv;
  }

  #toRequest(request: Omit<OutgoingRequest, 'path' | 'peer'> & { path: Path }): OutgoingRequest {
    const { root, peer } = this.#registration;
    return { ...request, path: [...root, ...request.path.map(String)], peer };
  }

  async #request(request: Omit<OutgoingRequest, 'path' | 'peer'> & { path: Path }): Promise<Response> {
    return this.#registration.endpoint.request(this.#toRequest(request));
  }
}

function decodeAnswer(path: Path, response: Response): DeviceAnswer {
  const { code, payload, contentFormat } = response;
  const base = { code, data: [], format: undefined, diagnostic: undefined };
  if (!code.startsWith('2.')) return { ...base, diagnostic: diagnosticOf(response) };
  if (code !== '2.05') return base;
  const format = formatName(contentFormat ?? ContentFormat.text);
  try {
    return { ...base, format, data: decodeData(path, payload, contentFormat, typesFor(contentFormat)) };
  } catch (error) {
    return { ...base, format, diagnostic: error instanceof Error ? error.message : String(error) };
  }
}

/** The types of the objects that this project knows. Of anything else a text is shown as it is, and TLV as bytes. */
function typesFor(contentFormat: number | undefined): TypeLookup {
  const fallback =
    contentFormat === ContentFormat.senmlJson ? undefined : contentFormat === ContentFormat.tlv ? 'opaque' : 'string';
  return (object, resource) =>
    definitions.get(object)?.resources.find(({ id }) => id === resource)?.type ??
    (contentFormat === ContentFormat.opaque ? 'opaque' : fallback);
}

function diagnosticOf({ payload }: Response): string {
  try {
    return printable(decodeUtf8(payload.subarray(0, 200)));
  } catch {
    return '';
  }
}
