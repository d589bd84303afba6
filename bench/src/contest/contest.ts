import type { Entrant } from './entrants.js';
import { type Contestant, NoAnswer } from './program.js';

/** How long and how often is measured. */
export interface Effort {
  /** Samples of each entrant; in each round everyone is measured once, in turn. */
  readonly rounds: number;
  /** How long one sample takes, about, ms. */
  readonly sample: number;
  /** How long everyone runs before the first sample, ms. */
  readonly warmUp: number;
}

/** What became of one entrant. */
export interface Result {
  readonly entrant: Entrant;
  /** Nanoseconds for each piece of work: one number for each round. Empty when there is a reason. */
  readonly times: readonly number[];
  /** Why it was not measured. */
  readonly reason?: string;
}

interface Runner {
  readonly entrant: Entrant;
  readonly program: Contestant;
  readonly question: (count: number) => string;
  /** Pieces of work in a sample. */
  count: number;
  readonly times: number[];
}

/**
 * Measures everyone at the same work, each in a process of its own: warmed up first, then a sample at a time in turn, so that what else
 * the machine does hits all alike.
 * @param question What the entrant is asked for `count` pieces of work; the answer is the time in ns.
 */
export async function contest(
  entrants: readonly Entrant[],
  question: (entrant: Entrant, count: number) => string,
  effort: Effort,
): Promise<readonly Result[]> {
  const runners: Runner[] = [];
  try {
    return await race(runners, entrants, question, effort);
  } finally {
    for (const { program } of runners) await program.end();
  }
}

async function race(
  runners: Runner[],
  entrants: readonly Entrant[],
  question: (entrant: Entrant, count: number) => string,
  effort: Effort,
): Promise<readonly Result[]> {
  const able: Runner[] = [];
  const absent: Result[] = [];
  for (const entrant of entrants) {
    try {
      const program = entrant.launch();
      const runner = { entrant, program, question: (count: number) => question(entrant, count), count: 1, times: [] };
      runners.push(runner);
      await warmUp(runner, effort);
      able.push(runner);
    } catch (error) {
      if (!(error instanceof NoAnswer)) throw error;
      absent.push({ entrant, times: [], reason: error.message });
    }
  }
  for (let round = 0; round < effort.rounds; round++) {
    for (let turn = 0; turn < able.length; turn++) {
      const runner = able[(round + turn) % able.length];
      if (runner !== undefined) runner.times.push((await take(runner)) / runner.count);
    }
  }
  return [...able.map(({ entrant, times }) => ({ entrant, times })), ...absent];
}

/** Runs until everything is compiled and in the caches, and finds out how much work makes a sample. */
async function warmUp(runner: Runner, { sample, warmUp: least }: Effort): Promise<void> {
  for (let spent = 0; spent < least; ) {
    const time = (await take(runner)) / 1e6;
    spent += Math.max(time, 0.1);
    // Not more than ten times as much at once: the first pieces of work are the slowest.
    runner.count = Math.max(1, Math.round(runner.count * Math.min(10, sample / Math.max(time, 0.001))));
  }
}

async function take({ program, question, count }: Runner): Promise<number> {
  const answer = await program.ask(question(count));
  const time = Number(answer);
  if (!Number.isFinite(time)) throw new Error(`${question(count)}: ${answer}`);
  return time;
}
