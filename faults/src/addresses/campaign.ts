import { type BackendPair, pairs } from '../backends.js';
import type { CampaignOptions } from '../network/campaign.js';
import { type AddressOutcome, runAddressScenario } from './run.js';
import { addressScenarioOf } from './scenario.js';

const sums = ['sent', 'arrived', 'moves', 'observed', 'validated', 'failed', 'heldBack', 'time'] as const;

/** The pairs of backends that have connection IDs. */
const able = pairs.filter(({ client, server }) => client.capabilities.connectionId && server.capabilities.connectionId);

/** Runs scenarios for every pair of backends that can, and prints what came of them. @throws Error naming the seed. */
export async function runAddressCampaign(
  { runs, seed }: CampaignOptions,
  print: (line: string) => void,
): Promise<void> {
  for (const pair of able) {
    const total = { sent: 0, arrived: 0, moves: 0, observed: 0, validated: 0, failed: 0, heldBack: 0, time: 0 };
    const attacks = new Map<string, number>();
    for (let i = 0; i < runs; i += 1) {
      const outcome = await runOne(pair, seed + i);
      for (const key of sums) total[key] += outcome[key];
      for (const [deed, count] of outcome.attacks) attacks.set(deed, (attacks.get(deed) ?? 0) + count);
    }
    const { sent, arrived, moves, observed, validated, failed, heldBack, time } = total;
    const hours = (time / 3_600_000).toFixed(0);
    print(`${pair.name}, addresses: ${runs} runs from seed ${seed}, ${hours} hours of virtual time`);
    print(`  messages: ${sent} sent, ${arrived} arrived, each at most once and as it was sent`);
    print(`  addresses: ${moves} changes; ${observed} observed, ${validated} validated, ${failed} given up`);
    print(`  ${heldBack} datagrams held back from addresses that had not answered`);
    print(`  records: ${[...attacks].map(([deed, count]) => `${count} ${deed}`).join(', ')}`);
  }
}

/** Runs one seed with every pair that can and shows everything about it. */
export async function explainAddressSeed(seed: number, print: (line: string) => void): Promise<void> {
  for (const pair of able) {
    print(`${pair.name}: ${JSON.stringify(addressScenarioOf(seed, pair))}`);
    const { attacks, ...outcome } = await runOne(pair, seed);
    print(`  ${JSON.stringify({ ...outcome, attacks: Object.fromEntries(attacks) })}`);
  }
}

async function runOne(pair: BackendPair, seed: number): Promise<AddressOutcome> {
  try {
    return await runAddressScenario(pair, addressScenarioOf(seed, pair));
  } catch (cause) {
    const what = cause instanceof Error ? cause.message : String(cause);
    throw new Error(`${pair.name}: ${what}\n  repeat it with: npm run faults -- --only addresses --seed ${seed}`, {
      cause,
    });
  }
}
