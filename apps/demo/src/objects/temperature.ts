import type { Changes, Lwm2mObject, ObjectDefinition, ResourceBehaviour } from '../lwm2m/model.js';

/** IPSO Temperature, object 3303, in the registry of objects. */
export const temperatureDefinition: ObjectDefinition = {
  id: 3303,
  name: 'Temperature',
  resources: [
    { id: 5601, name: 'Min Measured Value', type: 'float', operations: 'R' },
    { id: 5602, name: 'Max Measured Value', type: 'float', operations: 'R' },
    { id: 5603, name: 'Min Range Value', type: 'float', operations: 'R' },
    { id: 5604, name: 'Max Range Value', type: 'float', operations: 'R' },
    { id: 5605, name: 'Reset Min and Max Measured Values', operations: 'E' },
    { id: 5700, name: 'Sensor Value', type: 'float', operations: 'R' },
    { id: 5701, name: 'Sensor Units', type: 'string', operations: 'R' },
  ],
};

/** A Temperature object, and the sensor in it. */
export interface Thermometer {
  readonly object: Lwm2mObject;
  /** Takes a reading, in degrees Celsius; one outside of the sensor's range is clipped to it. */
  measure(celsius: number): void;
}

/** A Temperature object with one instance, whose sensor reads -40 to 85 °C. */
export function thermometer(first: number, changes: Changes): Thermometer {
  let value = first;
  let least = first;
  let most = first;
  const resources = new Map<number, ResourceBehaviour>([
    [5601, { read: () => least }],
    [5602, { read: () => most }],
    [5603, { read: () => -40 }],
    [5604, { read: () => 85 }],
    [
      5605,
      {
        execute: () => {
          least = value;
          most = value;
          changes.emit([3303, 0, 5601]);
          changes.emit([3303, 0, 5602]);
        },
      },
    ],
    [5700, { read: () => value }],
    [5701, { read: () => 'Cel' }],
  ]);
  return {
    object: { definition: temperatureDefinition, instances: new Map([[0, resources]]) },
    measure(celsius) {
      value = Math.min(85, Math.max(-40, celsius));
      changes.emit([3303, 0, 5700]);
      if (value < least) {
        least = value;
        changes.emit([3303, 0, 5601]);
      }
      if (value > most) {
        most = value;
        changes.emit([3303, 0, 5602]);
      }
    },
  };
}
