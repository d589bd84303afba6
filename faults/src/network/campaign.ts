import { type BackendPair, pairs } from '../backends.js';
import { type Outcome, runScenario } from './run.js';
import { scenarioOf } from './scenario.js';

/** What a campaign is to do. */
export interface CampaignOptions {
  /** Runs for each pair of backends. */
  readonly runs: number;
  /** Of the first run; the others follow. */
  readonly seed: number;
}

/** Runs scenarios for every pair of backends, and prints what came of them. @returns how many runs there were. @throws Error naming the seed. */
export async function runCampaign({ runs, seed }: CampaignOptions, print: (line: string) => void): Promise<number> {
  for (const pair of pairs) {
    const total = { sent: 0, arrived: 0, datagrams: 0, time: 0 };
    const results = new Map<string, number>();
    for (let i = 0; i < runs; i += 1) {
      const outcome = await runOne(pair, seed + i);
      for (const key of ['sent', 'arrived', 'datagrams', 'time'] as const) total[key] += outcome[key];
      for (const result of outcome.clients) results.set(result, (results.get(result) ?? 0) + 1);
    }
    const hours = (total.time / 3_600_000).toFixed(0);
    print(`${pair.name}: ${runs} runs from seed ${seed}, ${total.datagrams} datagrams, ${hours} hours of virtual time`);
    print(`  messages: ${total.sent} sent, ${total.arrived} arrived, each at most once and as it was sent`);
    const ends = [...results].sort(([, a], [, b]) => b - a).map(([result, count]) => `${count} ${result}`);
    print(`  connects: ${ends.join(', ')}`);
  }
  return runs * pairs.length;
}

/** Runs one seed with every pair and shows everything about it. */
export async function explainSeed(seed: number, print: (line: string) => void): Promise<void> {
  for (const pair of pairs) {
    print(`${pair.name}: ${JSON.stringify(scenarioOf(seed, pair))}`);
    print(`  ${JSON.stringify(await runOne(pair, seed))}`);
  }
}

async function runOne(pair: BackendPair, seed: number): Promise<Outcome> {
  try {
    return await runScenario(pair, scenarioOf(seed, pair));
  } catch (cause) {
    const what = cause instanceof Error ? cause.message : String(cause);
    throw new Error(`${pair.name}: ${what}\n  repeat it with: npm run faults -- --seed ${seed}`, { cause });
  }
}
