import { networkInterfaces } from 'node:os';
import type { SocketConfiguration } from '../configuration.js';
import { errnoError } from '../errors.js';

/** What Node has no way to set on a socket. */
const unsupported = {
  dscp: 'IP_TOS',
  priority: 'SO_PRIORITY',
  transparent: 'IP_TRANSPARENT',
  interfaceName: 'SO_BINDTODEVICE',
} as const;

/** @throws ENOTSUP naming the first field that asks for what Node cannot set. */
export function refuseUnsupported(configuration: SocketConfiguration): void {
  for (const [field, option] of Object.entries(unsupported)) {
    const value = configuration[field as keyof typeof unsupported];
    if (value !== undefined && value !== false) {
      throw errnoError('ENOTSUP', `configuration.${field}: Node cannot set ${option} on a socket`);
    }
  }
  if (configuration.reusePort && !hasReusePort(process.versions.node)) {
    throw errnoError('ENOTSUP', 'configuration.reusePort: Node has it from 22.12 and 23.1 on');
  }
}

/** Whether a version of Node can set SO_REUSEPORT. */
export function hasReusePort(version: string): boolean {
  const [major = 0, minor = 0] = version.split('.').map(Number);
  return major > 23 || (major === 23 && minor >= 1) || (major === 22 && minor >= 12);
}

/** Bytes of a packet on a loopback interface, on Linux. */
const loopbackMtu = 65_536;

/** Bytes of a packet on Ethernet, and where nothing else is known: Node does not tell an interface's MTU. */
const ethernetMtu = 1500;

/** The MTU that goes with a local address. */
export function localMtu(address: string): number {
  if (/^127\.|^::ffff:127\./i.test(address) || address === '::1') return loopbackMtu;
  return ethernetMtu;
}

/** The name of the interface that has a local address, or undefined. A zone (`fe80::1%eth0`) names it already. */
export function interfaceOf(address: string): string | undefined {
  const [plain, zone] = address.replace(/^::ffff:/i, '').split('%', 2);
  if (zone !== undefined) return zone;
  for (const [name, addresses] of Object.entries(networkInterfaces())) {
    if (addresses?.some((entry) => entry.address === plain)) return name;
  }
  return undefined;
}
