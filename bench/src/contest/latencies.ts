import type { Effort } from './contest.js';
import type { Entrant } from './entrants.js';
import { NoAnswer } from './program.js';

/** Who makes connections and tells how long each took. */
export interface Connector {
  /** Makes `count` connections. Returns ns for all of them, and for each. @throws NoAnswer */
  connect(count: number): Promise<Sample>;
  end(): Promise<void>;
}

/** Some connections. */
export interface Sample {
  /** All of them, ns. */
  readonly total: number;
  /** Each, ns. */
  readonly latencies: readonly number[];
}

/** One who takes part. */
export interface ConnectingEntrant extends Omit<Entrant, 'launch'> {
  /** @throws NoAnswer */
  launch(): Promise<Connector>;
}

/** What became of one: a sample for each round. Empty when there is a reason. */
export interface ConnectingResult {
  readonly entrant: ConnectingEntrant;
  readonly samples: readonly Sample[];
  /** Why it was not measured. */
  readonly reason?: string;
}

/** As `contest`, where the work is to connect: after a warm-up everyone makes `count` connections in turn, once in each round. */
export async function latencyContest(
  entrants: readonly ConnectingEntrant[],
  count: number,
  warmUp: number,
  { rounds }: Pick<Effort, 'rounds'>,
): Promise<readonly ConnectingResult[]> {
  const able: { entrant: ConnectingEntrant; connector: Connector; samples: Sample[] }[] = [];
  const absent: ConnectingResult[] = [];
  try {
    for (const entrant of entrants) {
      try {
        const connector = await entrant.launch();
        able.push({ entrant, connector, samples: [] });
        await connector.connect(warmUp);
      } catch (error) {
        if (!(error instanceof NoAnswer)) throw error;
        absent.push({ entrant, samples: [], reason: error.message });
      }
    }
    const present = able.filter(({ entrant }) => absent.every((each) => each.entrant !== entrant));
    for (let round = 0; round < rounds; round++) {
      for (let turn = 0; turn < present.length; turn++) {
        const runner = present[(round + turn) % present.length];
        if (runner !== undefined) runner.samples.push(await runner.connector.connect(count));
      }
    }
    return [...present.map(({ entrant, samples }) => ({ entrant, samples })), ...absent];
  } finally {
    for (const { connector } of able) await connector.end();
  }
}
