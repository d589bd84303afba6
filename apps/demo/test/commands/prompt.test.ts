import { describe, expect, it } from 'vitest';
import { createPrompt } from '../../src/commands/prompt.js';
import { startPair, startServer } from '../lwm2m/pair.js';

async function promptOfPair() {
  const pair = await startPair();
  const lines: string[] = [];
  let wake = (): void => {};
  const prompt = createPrompt(pair.server, (line) => {
    lines.push(line);
    wake();
  });
  const type = async (line: string): Promise<string[]> => {
    lines.length = 0;
    expect(await prompt(line)).toBe(false);
    return [...lines];
  };
  const printed = (): Promise<void> =>
    new Promise((resolve) => {
      wake = resolve;
    });
  return { ...pair, prompt, type, lines, printed };
}

describe('the prompt of a server', () => {
  it('lists who is registered', async () => {
    const { type } = await promptOfPair();
    expect(await type('list')).toEqual(['thermo  LwM2M 1.1, lifetime 300 s, no security: /1/0 /3/0 /3303/0']);
  });

  it('says that nobody is', async () => {
    const { server } = await startServer();
    const lines: string[] = [];
    const prompt = createPrompt(server, (line) => lines.push(line));
    await prompt('list');
    await prompt('read /3/0');
    await prompt('read thermo /3/0');
    expect(lines).toEqual(['no device is registered', 'usage: read EP PATH', 'no device named thermo is registered']);
  });

  it('reads, and takes the only device when none is named', async () => {
    const { type } = await promptOfPair();
    expect(await type('read thermo /3/0/15')).toEqual(['2.05 Content, text/plain', '/3/0/15 Timezone = "Etc/UTC"']);
    expect(await type('  read   /3303/0/5700 ')).toEqual([
      '2.05 Content, text/plain',
      '/3303/0/5700 Sensor Value = 20',
    ]);
    expect(await type('read /0')).toEqual(['4.01 Unauthorized, object 0 is not accessible']);
  });

  it('writes, executes and sets attributes', async () => {
    const { type } = await promptOfPair();
    expect(await type('write /3/0/15 Europe/Warsaw')).toEqual(['2.04 Changed']);
    expect(await type('read /3/0/15')).toContain('/3/0/15 Timezone = "Europe/Warsaw"');
    expect(await type('write /1/0/1 soon')).toEqual(['the text is not a value of the type integer']);
    expect(await type('execute /3303/0/5605')).toEqual(['2.04 Changed']);
    expect(await type('attributes /3303/0/5700 pmin=1 gt=30')).toEqual(['2.04 Changed']);
    expect(await type('discover /3303/0/5700')).toEqual(['/3303/0/5700  pmin=1  gt=30']);
  });

  it('prints notifications until the observation is cancelled', async () => {
    const { type, lines, printed, thermometer } = await promptOfPair();
    expect(await type('observe /3303/0/5700')).toEqual(['2.05 Content, text/plain', '/3303/0/5700 Sensor Value = 20']);
    const notification = printed();
    thermometer.measure(25);
    await notification;
    expect(lines.at(-1)).toBe('thermo notifies: 2.05 Content, text/plain; /3303/0/5700 Sensor Value = 25');
    expect((await type('cancel /3303/0/5700'))[0]).toBe('2.05 Content, text/plain');
    expect(await type('cancel /3303/0/5700')).toEqual(['/3303/0/5700 is not observed']);
  });

  it('explains itself, and ends', async () => {
    const { type, prompt } = await promptOfPair();
    expect((await type('help')).join('\n')).toMatch(/read EP PATH.*\n.*write EP PATH VALUE/);
    expect(await type('constructor')).toEqual(await type('help'));
    expect(await type('')).toEqual([]);
    expect(await type('read')).toEqual(['usage: read EP PATH']);
    expect(await type('read thermo 3/x')).toEqual(['a path is made of numbers from 0 to 65534']);
    expect(await prompt('quit')).toBe(true);
  });
});
