import { PassThrough } from 'node:stream';
import { expect, it, onTestFinished } from 'vitest';
import { readCommands } from '../../src/commands/client-prompt.js';

function open() {
  const done: string[] = [];
  const lines: string[] = [];
  const note = (name: string) => (): void => void done.push(name);
  const client = {
    update: note('update'),
    rebind: async () => note('rebind')(),
    reconnect: note('reconnect'),
    reboot: note('reboot'),
    stop: note('stop'),
  };
  const input = new PassThrough();
  const close = readCommands(input, client, (line) => lines.push(line));
  onTestFinished(close);
  const type = async (text: string): Promise<void> => {
    input.write(text);
    await new Promise((resolve) => setImmediate(resolve));
  };
  return { done, lines, input, close, type };
}

it('a device does what is typed, one command a line', async () => {
  const { done, lines, type } = open();
  await type('update\n  rebind  \n\nreconnect\nreboot\nquit\n');
  expect(done).toEqual(['update', 'rebind', 'reconnect', 'reboot', 'stop']);
  expect(lines).toEqual([]);
});

it.each(['help', 'constructor', 'rebind now', '\u{1b}[2J'])('%j is answered with what there is', async (text) => {
  const { done, lines, type } = open();
  await type(`${text}\n`);
  expect(done).toEqual([]);
  expect(lines.map((line) => line.trim().split(' ')[0])).toEqual(['update', 'rebind', 'reconnect', 'reboot', 'quit']);
});

it('the end of the input ends nothing', async () => {
  const { done, input, type } = open();
  await type('update\n');
  input.end();
  await new Promise((resolve) => setImmediate(resolve));
  expect(done).toEqual(['update']);
});
