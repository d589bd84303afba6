import { checkInteger, checkNumber, checkObject, invalid } from '../argument-checks.js';
import type { SeededRandom } from './seeded-random.js';

/** What a network does to datagrams. Probabilities are from 0 to 1; everything is off by default. */
export interface Faults {
  /** Probability that a datagram is lost. */
  readonly loss?: number | undefined;
  /** Probability that a datagram arrives twice. The copy has a delay of its own. */
  readonly duplication?: number | undefined;
  /** Probability that a datagram is held back for {@link reorderingTime}, so that later ones overtake it. */
  readonly reordering?: number | undefined;
  /** How long a datagram is held back at most, ms. Default 50. */
  readonly reorderingTime?: number | undefined;
  /** How long a datagram travels, ms: fixed, or evenly spread. A spread reorders as well. */
  readonly delay?: number | { readonly min: number; readonly max: number } | undefined;
  /** Probability that bits of a datagram are flipped, from 1 to 8 of them. */
  readonly corruption?: number | undefined;
  /** Probability that a datagram loses its end. */
  readonly truncation?: number | undefined;
  /** Bytes of the largest network-layer packet: a larger datagram is refused or lost, see {@link oversized}. Default 65,535; sockets then report 1,500. */
  readonly mtu?: number | undefined;
  /**
   * What happens to a datagram beyond the MTU: its `send` rejects EMSGSIZE (the default), or it vanishes. The sockets know the MTU and
   * send nothing beyond it, unless their `forcedMtu` says that there is more.
   */
  readonly oversized?: 'error' | 'drop' | undefined;
}

/** What becomes of one datagram: the copies that arrive, and after how many ms. Empty: lost. */
export type Fate = readonly { readonly data: Uint8Array; readonly delay: number }[];

/** @throws TypeError, EINVAL naming the field. */
export function checkFaults(faults: unknown): asserts faults is Faults {
  checkObject('faults', faults);
  const given = faults as Faults;
  for (const field of ['loss', 'duplication', 'reordering', 'corruption', 'truncation'] as const) {
    const value = given[field];
    if (value === undefined) continue;
    checkNumber(`faults.${field}`, value);
    if (!(value >= 0 && value <= 1)) throw invalid(`faults.${field}`, 'a probability from 0 to 1');
  }
  if (given.reorderingTime !== undefined) checkTime('faults.reorderingTime', given.reorderingTime);
  if (typeof given.delay === 'object') {
    checkTime('faults.delay.min', given.delay.min);
    checkTime('faults.delay.max', given.delay.max);
    if (given.delay.max < given.delay.min) throw invalid('faults.delay.max', 'at least faults.delay.min');
  } else if (given.delay !== undefined) checkTime('faults.delay', given.delay);
  if (given.mtu !== undefined) checkInteger('faults.mtu', given.mtu, 1, 65_535);
  if (given.oversized !== undefined && given.oversized !== 'error' && given.oversized !== 'drop') {
    throw invalid('faults.oversized', "'error' or 'drop'");
  }
}

function checkTime(name: string, value: unknown): void {
  checkNumber(name, value);
  if (!(value >= 0 && value < Infinity)) throw invalid(name, 'milliseconds, 0 or more');
}

/** Decides what becomes of a datagram. Copies what it hands back; does not change `data`. */
export function decideFate(data: Uint8Array, faults: Faults, random: SeededRandom): Fate {
  if (random.chance(faults.loss ?? 0)) return [];
  const copies = random.chance(faults.duplication ?? 0) ? 2 : 1;
  const fate: { data: Uint8Array; delay: number }[] = [];
  for (let copy = 0; copy < copies; copy += 1) {
    fate.push({ data: damage(data, faults, random), delay: travelTime(faults, random) });
  }
  return fate;
}

function damage(data: Uint8Array, faults: Faults, random: SeededRandom): Uint8Array {
  let bytes = new Uint8Array(data);
  if (bytes.length > 0 && random.chance(faults.truncation ?? 0)) {
    bytes = bytes.slice(0, random.integer(0, bytes.length - 1));
  }
  if (bytes.length > 0 && random.chance(faults.corruption ?? 0)) {
    for (let flips = random.integer(1, 8); flips > 0; flips -= 1) {
      const index = random.integer(0, bytes.length - 1);
      bytes[index] = (bytes[index] ?? 0) ^ (1 << random.integer(0, 7));
    }
  }
  return bytes;
}

function travelTime(faults: Faults, random: SeededRandom): number {
  const { delay = 0 } = faults;
  const base = typeof delay === 'number' ? delay : delay.min + random.next() * (delay.max - delay.min);
  return random.chance(faults.reordering ?? 0) ? base + random.next() * (faults.reorderingTime ?? 50) : base;
}
