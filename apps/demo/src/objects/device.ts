import { badRequest } from '../lwm2m/lwm2m-error.js';
import type { Changes, Lwm2mObject, ObjectDefinition, ResourceBehaviour } from '../lwm2m/model.js';
import type { Value } from '../lwm2m/value.js';

/** Device, object 3. LwM2M 1.1 Core, Appendix E.4. */
export const deviceDefinition: ObjectDefinition = {
  id: 3,
  name: 'Device',
  resources: [
    { id: 0, name: 'Manufacturer', type: 'string', operations: 'R' },
    { id: 1, name: 'Model Number', type: 'string', operations: 'R' },
    { id: 2, name: 'Serial Number', type: 'string', operations: 'R' },
    { id: 3, name: 'Firmware Version', type: 'string', operations: 'R' },
    { id: 4, name: 'Reboot', operations: 'E' },
    { id: 9, name: 'Battery Level', type: 'integer', operations: 'R' },
    { id: 11, name: 'Error Code', type: 'integer', operations: 'R', multiple: true },
    { id: 12, name: 'Reset Error Code', operations: 'E' },
    { id: 13, name: 'Current Time', type: 'time', operations: 'RW' },
    { id: 14, name: 'UTC Offset', type: 'string', operations: 'RW' },
    { id: 15, name: 'Timezone', type: 'string', operations: 'RW' },
    { id: 16, name: 'Supported Binding and Modes', type: 'string', operations: 'R' },
  ],
};

/** What a Device object is made of. */
export interface DeviceOptions {
  readonly serialNumber: string;
  /** Reboots the device. */
  reboot(): void;
  /** Milliseconds since 1970. Default: the system's clock. */
  readonly now?: () => number;
}

/** The Device object, one instance. Its clock, offset and zone can be set; the system's are left alone. */
export function deviceObject(options: DeviceOptions, changes: Changes): Lwm2mObject {
  const now = options.now ?? Date.now;
  let clockOffset = 0;
  let utcOffset = '+00:00';
  let timezone = 'Etc/UTC';
  let errorCodes = new Map<number, Value>([[0, 0]]);
  const resources = new Map<number, ResourceBehaviour>([
    [0, { read: () => 'avs-net' }],
    [1, { read: () => 'avs-demo' }],
    [2, { read: () => options.serialNumber }],
    [3, { read: () => '1.0.0' }],
    [4, { execute: () => options.reboot() }],
    [9, { read: () => 87 }],
    [11, { read: () => new Map(errorCodes) }],
    [
      12,
      {
        execute: () => {
          errorCodes = new Map([[0, 0]]);
          changes.emit([3, 0, 11]);
        },
      },
    ],
    [
      13,
      {
        read: () => Math.floor((now() + clockOffset) / 1_000),
        write: (value, dryRun) => {
          if (typeof value !== 'number' || Math.abs(value) > 8_640_000_000_000) throw badRequest('no such time');
          if (!dryRun) clockOffset = value * 1_000 - now();
        },
      },
    ],
    [
      14,
      {
        read: () => utcOffset,
        write: (value, dryRun) => {
          if (!/^[+-](?:0\d|1[0-4]):[0-5]\d$/.test(String(value))) throw badRequest('an offset such as +02:00');
          if (!dryRun) utcOffset = String(value);
        },
      },
    ],
    [
      15,
      {
        read: () => timezone,
        write: (value, dryRun) => {
          if (!isTimezone(String(value))) throw badRequest('no such timezone');
          if (!dryRun) timezone = String(value);
        },
      },
    ],
    [16, { read: () => 'U' }],
  ]);
  return { definition: deviceDefinition, instances: new Map([[0, resources]]) };
}

function isTimezone(name: string): boolean {
  try {
    return name.length <= 64 && new Intl.DateTimeFormat('en', { timeZone: name }) !== undefined;
  } catch {
    return false;
  }
}
