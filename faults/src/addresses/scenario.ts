import { type Faults, SeededRandom } from '@avs-net/core/testing';
import { type BackendPair, commonCiphersuites } from '../backends.js';

/** A client of a run. */
export interface ClientPlan {
  /** How it comes to another address: a NAT gives it one, or it opens another socket. */
  readonly moves: 'nat' | 'rebind';
  /** Whether it answers return routability checks. RFC 9853. */
  readonly checks: boolean;
  /** Of the connection ID that it wants itself, bytes. */
  readonly cidLength: number;
  readonly recordPadding: number;
}

/** What one run does; all of it follows from the seed. */
export interface AddressScenario {
  readonly seed: number;
  /** What the network does, both ways, once everybody is connected. */
  readonly faults: Faults;
  readonly ciphersuite: number;
  readonly clients: readonly ClientPlan[];
  /** Of the connection IDs that the listener gives, bytes. */
  readonly cidLength: number;
  readonly recordPadding: number;
  readonly pathValidation: 'basic' | 'enhanced';
  /** How many things happen: messages, moves, attacks. */
  readonly steps: number;
}

const rates = [0, 0, 0.1, 0.2];
const paddings = [1, 1, 16, 64];

/** The scenario of a seed. */
export function addressScenarioOf(seed: number, pair: BackendPair): AddressScenario {
  const random = new SeededRandom(seed);
  const pick = <T>(choices: readonly T[]): T => choices[random.integer(0, choices.length - 1)] as T;
  const min = random.integer(0, 50);
  return {
    seed,
    faults: {
      loss: pick(rates),
      duplication: pick(rates),
      reordering: pick(rates),
      reorderingTime: random.integer(10, 500),
      delay: { min, max: min + random.integer(0, 200) },
    },
    ciphersuite: pick(commonCiphersuites(pair)),
    clients: Array.from({ length: random.integer(2, 4) }, () => ({
      moves: random.chance(0.75) ? 'nat' : 'rebind',
      checks: random.chance(0.6),
      cidLength: pick([0, 0, 1, 8, 20]),
      recordPadding: pick(paddings),
    })),
    cidLength: pick([1, 2, 8, 8, 20, 64]),
    recordPadding: pick(paddings),
    pathValidation: random.chance(0.5) ? 'basic' : 'enhanced',
    steps: random.integer(10, 60),
  };
}
