import { badRequest } from '../lwm2m/lwm2m-error.js';
import type { Lwm2mObject, ObjectDefinition, ResourceBehaviour } from '../lwm2m/model.js';
import type { Value } from '../lwm2m/value.js';

/** LwM2M Server, object 1: how the device keeps its registration. LwM2M 1.1 Core, Appendix E.2. */
export const serverDefinition: ObjectDefinition = {
  id: 1,
  name: 'LwM2M Server',
  resources: [
    { id: 0, name: 'Short Server ID', type: 'integer', operations: 'R' },
    { id: 1, name: 'Lifetime', type: 'integer', operations: 'RW' },
    { id: 2, name: 'Default Minimum Period', type: 'integer', operations: 'RW' },
    { id: 3, name: 'Default Maximum Period', type: 'integer', operations: 'RW' },
    { id: 6, name: 'Notification Storing', type: 'boolean', operations: 'RW' },
    { id: 7, name: 'Binding', type: 'string', operations: 'RW' },
    { id: 8, name: 'Registration Update Trigger', operations: 'E' },
    { id: 11, name: 'TLS-DTLS Alert Code', type: 'unsigned', operations: 'R' },
  ],
};

/** What the Server object holds; written by servers and read by whoever registers and notifies. */
export interface ServerSettings {
  /** Seconds. */
  lifetime: number;
  /** Seconds: `pmin` where no server has set one. */
  defaultMinimumPeriod: number;
  /** Seconds: `pmax` where no server has set one; 0 for none. */
  defaultMaximumPeriod: number;
  /** The description of the TLS alert that ended a connection last, RFC 5246 §7.2; undefined when none has. */
  alertCode?: number | undefined;
}

/** The longest lifetime, seconds: a signed 32-bit number of them. */
export const longestLifetime = 0x7fff_ffff;

/** The Server object, one instance over `settings`. `update` is called when the device should tell the server about itself. */
export function serverObject(settings: ServerSettings, update: () => void): Lwm2mObject {
  const setting = (
    key: Exclude<keyof ServerSettings, 'alertCode'>,
    least: number,
    written?: () => void,
  ): ResourceBehaviour => ({
    read: () => settings[key],
    write: (value, dryRun) => {
      if (typeof value !== 'number' || value < least || value > longestLifetime) {
        throw badRequest(`a number of seconds from ${least} to ${longestLifetime}`);
      }
      if (dryRun || settings[key] === value) return;
      settings[key] = value;
      written?.();
    },
  });
  const fixed = (value: Value): ResourceBehaviour => ({
    read: () => value,
    write: (wanted) => {
      if (wanted !== value) throw badRequest(`only ${String(value)} is supported`);
    },
  });
  const resources = new Map<number, ResourceBehaviour>([
    [0, { read: () => 1 }],
    [1, setting('lifetime', 1, update)],
    [2, setting('defaultMinimumPeriod', 0)],
    [3, setting('defaultMaximumPeriod', 0)],
    [6, fixed(false)],
    [7, fixed('U')],
    [8, { execute: update }],
    [11, { read: () => settings.alertCode }],
  ]);
  return { definition: serverDefinition, instances: new Map([[0, resources]]) };
}
