import type { ObjectDefinition } from '../lwm2m/model.js';
import { deviceDefinition } from './device.js';
import { securityDefinition } from './security.js';
import { serverDefinition } from './server.js';
import { temperatureDefinition } from './temperature.js';

/** Every object that this project knows, by number. */
export const definitions: ReadonlyMap<number, ObjectDefinition> = new Map(
  [securityDefinition, serverDefinition, deviceDefinition, temperatureDefinition].map((one) => [one.id, one]),
);
