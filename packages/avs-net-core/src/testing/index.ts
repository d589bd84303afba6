export type { Faults } from './faults.js';
export { MemoryNat } from './memory-nat.js';
export {
  type Interceptor,
  type LinkSelector,
  MemoryNetwork,
  type MemoryNetworkOptions,
  type ObservedDatagram,
  type WireDatagram,
} from './memory-network.js';
export { SeededRandom } from './seeded-random.js';
export { VirtualClock } from './virtual-clock.js';
