import type { Backend } from '@avs-net/core';
import type { Timers } from './cells.js';
import type { DtlsPeer, Role } from './peer.js';

/** What is tried with every peer besides the suites. */
export interface Scenario {
  readonly row: string;
  readonly role: Role;
  /** Why a backend of ours does not have it; undefined: it does. */
  lacks?(backend: Backend): string | undefined;
  /** `timers`: for a handshake that a peer may fail in silence. */
  run(peer: DtlsPeer, backend: Backend, timers: Timers): Promise<void>;
}

/** TLS_PSK_WITH_AES_128_CCM_8, which every peer has. */
export const lightSuite = 0xc0a8;
