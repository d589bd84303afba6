import { expect, it } from 'vitest';
import { ProcessPeer } from '../src/process-peer.js';

/** A program that prints what it is told, where it is told, and nothing else. */
const puppet = `
  const lines = require('node:readline').createInterface({ input: process.stdin });
  lines.on('line', (line) => {
    const [stream, text] = JSON.parse(line);
    process[stream].write(text);
  });
`;

class Puppet extends ProcessPeer {
  constructor() {
    super(process.execPath, ['--eval', puppet]);
  }

  print(stream: 'stdout' | 'stderr', text: string): void {
    this.write(`${JSON.stringify([stream, text])}\n`);
  }
}

it('keeps a line whole that another stream’s line comes into', async () => {
  await using program = new Puppet();
  program.print('stdout', 'received 0011');
  await program.printed('received 0011');
  program.print('stderr', 'a word to the log\n');
  await program.printed(/^a word to the log$/m);
  program.print('stdout', '2233\n');
  const [, bytes] = await program.printed(/^received (.*)$/m);
  expect(bytes).toBe('00112233');
  expect(program.output).toBe('a word to the log\nreceived 00112233\n');
});

it('finds a text in a line that has no end yet', async () => {
  await using program = new Puppet();
  program.print('stdout', 'password? ');
  await program.printed('password?');
  program.print('stderr', 'are you there? ');
  await program.printed('are you there?');
  expect(program.output).toBe('');
  expect(program.log).toContain('password? are you there?');
});

it('takes no part of a line for the line', async () => {
  await using program = new Puppet();
  const port = program.printed(/^listening on (\d+)/m);
  program.print('stdout', 'listening on 56');
  await program.printed('listening on 56');
  program.print('stdout', '84\n');
  expect((await port)[1]).toBe('5684');
});

it('waits for a line as often as it is wanted', async () => {
  await using program = new Puppet();
  const third = program.printed(/^connected (\w+)$/gm, { nth: 3 });
  for (const word of ['one', 'two', 'three', 'four']) program.print('stdout', `connected ${word}\n`);
  expect((await third)[1]).toBe('three');
  expect((await program.printed(/^connected (\w+)$/gm))[1]).toBe('one');
});

it('takes what has no line end for a line once the program has ended', async () => {
  await using program = new Puppet();
  program.print('stdout', 'the last');
  program.print('stderr', 'words');
  program.endInput();
  expect(await program.exited()).toBe(0);
  await program.printed(/^the last$/m);
  await program.printed(/^words$/m);
});

it('shows what was printed when the program has ended without what was waited for', async () => {
  await using program = new Puppet();
  const waiting = program.printed('a text that does not come');
  program.print('stderr', 'something else');
  program.endInput();
  await expect(waiting).rejects.toThrow(/a text that does not come did not come from [\s\S]*something else/);
});
