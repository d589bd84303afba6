import { type Faults, SeededRandom } from '@avs-net/core/testing';
import { type BackendPair, commonCiphersuites } from '../backends.js';

/** What one run of the campaign does; all of it follows from the seed. */
export interface Scenario {
  readonly seed: number;
  /** What the network does to datagrams towards the server, and towards the clients. */
  readonly up: Faults;
  readonly down: Faults;
  readonly ciphersuites: readonly number[];
  /** ms. */
  readonly handshakeTimeouts: { readonly min: number; readonly max: number };
  /** How many clients connect at once. */
  readonly clients: number;
  /** The last of them has a key that the server does not expect. */
  readonly withWrongKey: boolean;
  /** Messages that each side sends on each association. */
  readonly messages: number;
}

const lossRates = [0, 0.05, 0.1, 0.2, 0.3];
const otherRates = [0, 0, 0.1, 0.3];
const damageRates = [0, 0, 0, 0.01, 0.05, 0.1];

/** The scenario of a seed. */
export function scenarioOf(seed: number, pair: BackendPair): Scenario {
  const random = new SeededRandom(seed);
  const pick = <T>(choices: readonly T[]): T => choices[random.integer(0, choices.length - 1)] as T;
  const mtu = random.chance(0.25) ? 1500 : random.integer(256, 1500);
  const direction = (): Faults => {
    const min = random.integer(0, 50);
    return {
      loss: pick(lossRates),
      duplication: pick(otherRates),
      reordering: pick(otherRates),
      reorderingTime: random.integer(10, 500),
      delay: { min, max: min + random.integer(0, 200) },
      corruption: pick(damageRates),
      truncation: pick(damageRates),
      mtu,
      oversized: 'error',
    };
  };
  const up = direction();
  const down = random.chance(0.5) ? up : direction();
  const suites = commonCiphersuites(pair);
  return {
    seed,
    up,
    down,
    ciphersuites: random.chance(0.1) ? [] : [pick(suites)],
    handshakeTimeouts: { min: 1_000, max: random.chance(0.2) ? 60_000 : 8_000 },
    clients: random.integer(1, 3),
    withWrongKey: random.chance(0.2),
    messages: random.integer(0, 8),
  };
}

/** Whether every datagram of this direction arrives, as it was sent. */
export function isLossless({ loss = 0, corruption = 0, truncation = 0 }: Faults): boolean {
  return loss === 0 && corruption === 0 && truncation === 0;
}
