import { describe, expect, it } from 'vitest';
import { runCase } from '../src/case.js';
import { Choices } from '../src/choices.js';
import { meetBefore, type PastSetup } from '../src/past.js';
import { readSetup, type Setup, World } from '../src/world.js';

const genuine: PastSetup = { by: 'ticket', server: 'all', session: 'genuine', where: 5 };

/** What two sides that have met before, and that nobody disturbs, come to. */
async function meetAgain(past: PastSetup, changes: Partial<Setup> = {}) {
  const setup: Setup = { ...readSetup(new Choices(new Uint8Array(0))), isWrongKey: false, past, ...changes };
  const left = await meetBefore(setup, past);
  const world = new World(setup, () => undefined, left);
  for (let i = 0; i < 60; i += 1) await world.exchange();
  expect(world.finding).toBeUndefined();
  const resumed = (['client', 'server'] as const).map((role) => world.oracle(role).info?.resumed);
  return { resumed, left };
}

describe.each(['ticket', 'ID'] as const)('two sides that have met before, by %s,', (by) => {
  it('resume', async () => {
    const { resumed, left } = await meetAgain({ ...genuine, by });
    expect([...resumed, left.isGood]).toEqual([true, true, true]);
  });

  it.each<Partial<PastSetup>>([
    { session: 'stale' },
    { session: 'foreign' },
    { session: 'tampered', where: 0 },
    { session: 'tampered', where: 255 },
    { session: 'failing' },
    { server: by === 'ticket' ? 'no tickets' : 'no cache' },
    { server: 'neither' },
    { server: 'off' },
  ])('do not with %o, and agree all the same', async (change) => {
    const { resumed, left } = await meetAgain({ ...genuine, by, ...change });
    expect([...resumed, left.isGood]).toEqual([false, false, false]);
    expect(left.offered).toBeDefined();
  });

  it('resume or do not with what was garbled, and agree', async () => {
    const ends = new Set<string>();
    for (let where = 0; where < 256; where += 5) {
      const { resumed, left } = await meetAgain({ ...genuine, by, session: 'garbled', where });
      expect(left.isGood).toBeUndefined();
      expect(resumed[0]).toBe(resumed[1]);
      ends.add(String(resumed[0]));
    }
    // A master secret that was changed is no use to anyone: undefined.
    expect(ends).toContain('false');
    expect(ends).toContain('undefined');
  });

  it('do not when the server has another key', async () => {
    const { left } = await meetAgain({ ...genuine, by }, { isWrongKey: true });
    expect(left.isGood).toBe(false);
  });
});

it('a case with a past is the same each time', async () => {
  const setup = [0, 255, 0, 0, 0x80, 0, 64, 64, 0];
  const bytes = Uint8Array.from([...setup, 5, ...Array.from({ length: 80 }, (_, i) => (i * 37) % 251)]);
  const [first, second] = [await runCase(bytes), await runCase(bytes)];
  expect(first.inputs).toBeGreaterThan(8);
  expect(second).toEqual(first);
});

it('a server may go on with a ClientHello that the client has sent, left for another cookie, and come back to', async () => {
  const hex =
    '00000000a400004c00002af500280000db000000000000001500006b000000000010ed72b55a0000c100000000de00a600000000000000000000a200bef900';
  const { finding, outcome } = await runCase(Uint8Array.from(Buffer.from(hex, 'hex')));
  expect(finding).toBeUndefined();
  expect(outcome).toBe('established handshaking');
});
