import { SeededRandom } from '@avs-net/core/testing';
import { type Result, runCase } from './case.js';
import { formatCase, readCorpus, writeCorpus } from './corpus.js';
import { minimise, nextCase } from './generate.js';

/** How long to go on. */
export interface Budget {
  readonly seed: number;
  /** Datagrams given to engines. */
  readonly inputs: number;
  /** ms. */
  readonly time: number;
  /** Writes what was learned into the corpus. */
  readonly grow: boolean;
}

/** What fuzzing engines has shown. */
export interface EngineFigures {
  readonly inputs: number;
  readonly cases: number;
  /** ms. */
  readonly time: number;
  /** Kinds of things that happened: in which state, to which operation, which event. */
  readonly features: number;
  /** Pairs of states in which client and server ended, and how often. */
  readonly outcomes: ReadonlyMap<string, number>;
  readonly corpus: number;
  /** Bytes of heap in use, at the beginning (after the corpus) and at the end, each after a garbage collection. */
  readonly heap: readonly [number, number];
}

/**
 * Runs the corpus, then new cases until the budget is spent. Cases that show something new are kept and changed further.
 * @param alive Called after every case.
 * @throws Error with the shortest case that was found to show what must not happen.
 */
export async function fuzzEngines(budget: Budget, alive: (bytes: Uint8Array) => void): Promise<EngineFigures> {
  const random = new SeededRandom(budget.seed);
  const corpus = readCorpus();
  const features = new Set<string>();
  const outcomes = new Map<string, number>();
  let [inputs, cases] = [0, 0];
  const begin = performance.now();

  const run = async (bytes: Uint8Array): Promise<boolean> => {
    alive(bytes);
    const result = await runCase(bytes);
    if (result.finding !== undefined) await report(bytes, result);
    inputs += result.inputs;
    cases += 1;
    outcomes.set(result.outcome, (outcomes.get(result.outcome) ?? 0) + 1);
    const before = features.size;
    for (const feature of result.features) features.add(feature);
    return features.size > before;
  };

  for (const bytes of corpus) await run(bytes);
  const heapBefore = heapInUse();
  while (inputs < budget.inputs && performance.now() - begin < budget.time) {
    const bytes = nextCase(random, corpus);
    if (await run(bytes)) corpus.push(bytes);
  }
  const heap = [heapBefore, heapInUse()] as const;
  const kept = budget.grow ? await writeCorpus(corpus) : corpus.length;
  return { inputs, cases, time: performance.now() - begin, features: features.size, outcomes, corpus: kept, heap };
}

async function report(bytes: Uint8Array, { finding }: Result): Promise<never> {
  const kind = kindOf(finding);
  const shortest = await minimise(bytes, async (each) => kindOf((await runCase(each)).finding) === kind);
  const { finding: shown } = await runCase(shortest);
  throw new Error(`${shown?.message}\n  repeat it with: npm run fuzz -- --case ${formatCase(shortest)}`, {
    cause: shown?.cause ?? shown,
  });
}

/** Findings that differ only in numbers are of one kind. */
function kindOf(finding: Error | undefined): string | undefined {
  return finding?.message.replaceAll(/\d+/g, 'N');
}

function heapInUse(): number {
  globalThis.gc?.();
  return process.memoryUsage().heapUsed;
}
