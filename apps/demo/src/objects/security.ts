import type { Lwm2mObject, ObjectDefinition } from '../lwm2m/model.js';

/** LwM2M Security, object 0. LwM2M 1.1 Core, Appendix E.1. */
export const securityDefinition: ObjectDefinition = {
  id: 0,
  name: 'LwM2M Security',
  resources: [{ id: 0, name: 'LwM2M Server URI', type: 'string', operations: 'R' }],
};

/** The Security object, one instance: no server reads it, and it holds no key. */
export function securityObject(serverUri: string): Lwm2mObject {
  return {
    definition: securityDefinition,
    instances: new Map([[0, new Map([[0, { read: () => serverUri }]])]]),
    hidden: true,
  };
}
