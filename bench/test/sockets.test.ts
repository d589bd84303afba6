import { describe, expect, it } from 'vitest';
import { coresOf } from '../src/contest/cores.js';
import type { Entrant } from '../src/contest/entrants.js';
import { type Connector, latencyContest } from '../src/contest/latencies.js';
import { type Contestant, NoAnswer } from '../src/contest/program.js';
import { Pair } from '../src/contest/socket-entrants.js';

/** Answers what it is asked as it is told, and notes the questions. */
function contestant(answers: Readonly<Record<string, string>>): Contestant & { readonly asked: string[] } {
  const asked: string[] = [];
  return {
    asked,
    ask: async (question) => {
      asked.push(question);
      return answers[question] ?? 'no such question';
    },
    end: async () => undefined,
  };
}

describe('a server and a client', () => {
  const server = (arrived: string): Contestant => contestant({ listen: '5684', arrived });

  it('are connected once, at the first question', async () => {
    const client = contestant({ 'connect 5684': 'connected', 'echo 64 2': '2000' });
    const pair = new Pair(server(''), client, { sent: 0, arrived: 0 });
    expect([await pair.ask('echo 64 2'), await pair.ask('echo 64 2')]).toEqual(['2000', '2000']);
    expect(client.asked).toEqual(['connect 5684', 'echo 64 2', 'echo 64 2']);
  });

  it('count what has arrived, and the time until the end of sending', async () => {
    const client = contestant({ 'connect 5684': 'connected', 'flood 64 10': '1000 3000' });
    const delivery = { sent: 0, arrived: 0 };
    // The last one came before the end of sending: who sends on for nothing is no faster for that.
    const pair = new Pair(server('4 2500'), client, delivery);
    expect(await pair.ask('one-way 64 10')).toBe(String((2000 / 4) * 10));
    expect(delivery).toEqual({ sent: 10, arrived: 4 });
  });

  it('count the time until the last arrival, when that is later', async () => {
    const client = contestant({ 'connect 5684': 'connected', 'flood 64 10': '1000 3000' });
    const pair = new Pair(server('10 6000'), client, { sent: 0, arrived: 0 });
    expect(await pair.ask('one-way 64 10')).toBe('5000');
  });

  it('say that nothing has arrived', async () => {
    const client = contestant({ 'connect 5684': 'connected', 'flood 64 10': '1000 3000' });
    const pair = new Pair(server('0 0'), client, { sent: 0, arrived: 0 });
    await expect(pair.ask('one-way 64 10')).rejects.toThrow('none of 10 messages arrived');
  });
});

describe('the cores of a list', () => {
  it.each([
    ['0', [0]],
    ['0-2,5', [0, 1, 2, 5]],
    ['', []],
  ])('%j', (list, cores) => {
    expect(coresOf(list)).toEqual(cores);
  });
});

describe('a contest of connecting', () => {
  const entrant = (node: string): Pick<Entrant, 'implementation' | 'node'> => ({ implementation: 'pure', node });

  function connector(latency: number, log: string[]): Connector {
    return {
      connect: async (count) => {
        log.push(`${latency}: ${count}`);
        return { total: latency * count, latencies: Array.from({ length: count }, () => latency) };
      },
      end: async () => {
        log.push(`${latency}: end`);
      },
    };
  }

  it('warms everyone up, takes a sample of each in turn, and ends everyone', async () => {
    const log: string[] = [];
    const two = [1, 2].map((latency) => ({
      ...entrant(String(latency)),
      launch: async () => connector(latency, log),
    }));
    const results = await latencyContest(two, 3, 9, { rounds: 2 });
    expect(log).toEqual(['1: 9', '2: 9', '1: 3', '2: 3', '2: 3', '1: 3', '1: end', '2: end']);
    expect(results.map(({ samples }) => samples.map(({ total }) => total))).toEqual([
      [3, 3],
      [6, 6],
    ]);
  });

  it('says why someone does not take part, and measures the others', async () => {
    const log: string[] = [];
    const absent = {
      ...entrant('absent'),
      launch: async () => {
        throw new NoAnswer('no compiler');
      },
    };
    const fails = {
      ...entrant('fails'),
      launch: async (): Promise<Connector> => ({
        connect: async () => {
          throw new NoAnswer('no addon');
        },
        end: async () => {
          log.push('ended');
        },
      }),
    };
    const able = { ...entrant('able'), launch: async () => connector(1, []) };
    const results = await latencyContest([absent, fails, able], 1, 1, { rounds: 2 });
    expect(results.map(({ samples, reason }) => [samples.length, reason])).toEqual([
      [2, undefined],
      [0, 'no compiler'],
      [0, 'no addon'],
    ]);
    expect(log).toEqual(['ended']);
  });
});
