import { describe, expect, it } from 'vitest';
import { contest } from '../src/contest/contest.js';
import type { Entrant } from '../src/contest/entrants.js';
import { NoAnswer, Program } from '../src/contest/program.js';

const effort = { rounds: 4, sample: 1, warmUp: 2 };

/** A program that takes `time` ns for each piece of work, or has no answer. */
function entrant(node: string, script: string): Entrant {
  return { implementation: 'pure', node, launch: () => new Program(process.execPath, ['-e', script]) };
}

const answering = (expression: string): string =>
  `require('readline').createInterface({ input: process.stdin }).on('line', (line) => console.log(${expression}))`;

describe('a contest', () => {
  it('measures everyone once in each round, for one piece of work', async () => {
    const slow = entrant('slow', answering('line.split(" ")[1] * 2000'));
    const fast = entrant('fast', answering('line.split(" ")[1] * 1000'));
    const results = await contest([slow, fast], (_, count) => `work ${count}`, effort);
    expect(results.map(({ entrant, times }) => [entrant.node, times])).toEqual([
      ['slow', [2000, 2000, 2000, 2000]],
      ['fast', [1000, 1000, 1000, 1000]],
    ]);
  });

  it('says why someone has no answer, and measures the others', async () => {
    const unable = entrant('unable', answering('"no such suite"'));
    const absent: Entrant = {
      implementation: 'libssl',
      node: undefined,
      launch: () => {
        throw new NoAnswer('no compiler');
      },
    };
    const able = entrant('able', answering('1000'));
    const results = await contest([unable, absent, able], (_, count) => `work ${count}`, effort);
    expect(results.map(({ times, reason }) => [times.length, reason])).toEqual([
      [4, undefined],
      [0, 'such suite'],
      [0, 'no compiler'],
    ]);
  });

  it('fails with the question when a program ends or answers with something else', async () => {
    const question = (): string => 'the question';
    await expect(contest([entrant('ends', 'process.exit(0)')], question, effort)).rejects.toThrow('the question');
    await expect(contest([entrant('mute', answering('"soon"'))], question, effort)).rejects.toThrow(
      'the question: soon',
    );
  });
});
