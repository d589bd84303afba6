import {
  chmodSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, it, onTestFinished } from 'vitest';
import { readSecretFile, writeSecretFile } from '../src/secret-file.js';
import { type KeptSession, sessionInFile } from '../src/session-file.js';
import { parseSessionFile, SessionFileError } from '../src/session-file-format.js';
import { seed } from './codecs/data.js';

const scope = { serverUri: 'coaps://server:5684', endpointName: 'thermo', identity: 'thermo-identity' };
const settings = { lifetime: 60, defaultMinimumPeriod: 0, defaultMaximumPeriod: 0 };

function newFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'avs-demo-'));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

function open(filename: string, over: object = {}): KeptSession & { warnings: string[] } {
  const warnings: string[] = [];
  const options = { filename, scope, settings, warn: (line: string) => warnings.push(line), ...over };
  return { ...sessionInFile(options), warnings };
}

/** A file that holds something of everything. */
function fill(filename: string): KeptSession {
  const kept = open(filename);
  kept.session.set([1, 2, 0, 3]);
  kept.memory.settings.alertCode = 51;
  kept.memory.settings.lifetime = 90;
  kept.memory.registration = { location: ['rd', 'ü'], lifetime: 90, expires: 1_800_000_000_000 };
  kept.memory.reporting = {
    observations: [
      { token: '00ff', path: [3303, 0, 5700], accept: undefined },
      { token: '', path: [3], accept: 110 },
    ],
    attributes: [{ path: [3303], attributes: { pmin: 1, st: 0.5, lt: -3.25 } }],
  };
  return kept;
}

describe('a session file', () => {
  it('gives back what was kept in it', () => {
    const filename = join(newFolder(), 'session');
    const before = fill(filename);
    const again = open(filename);
    expect(again.warnings).toEqual([]);
    expect(again.session).toEqual(before.session);
    expect(again.memory.content).toEqual(before.memory.content);
  });

  it('is for its owner alone, and leaves nothing beside it', () => {
    const folder = newFolder();
    fill(join(folder, 'session'));
    expect(readdirSync(folder)).toEqual(['session']);
    if (process.platform !== 'win32') expect(statSync(join(folder, 'session')).mode & 0o777).toBe(0o600);
  });

  it('gives no number to a message that was given before, after a crash at any point', () => {
    const filename = join(newFolder(), 'session');
    const seen = new Set<number>();
    for (let crash = 0; crash < 5; crash++) {
      const { memory } = open(filename);
      for (let count = 0; count < 50 + crash * 40; count++) {
        const number = memory.nextMessageId();
        expect(seen.has(number)).toBe(false);
        seen.add(number);
      }
      // No word to the file: the process is gone.
    }
  });

  it('numbers notifications upwards from one process to the next', () => {
    const filename = join(newFolder(), 'session');
    let last = 0;
    for (let start = 0; start < 3; start++) {
      const { memory } = open(filename);
      for (let count = 0; count < 100; count++) {
        const number = memory.nextObserve();
        expect(number).toBeGreaterThan(last);
        last = number;
      }
    }
  });

  it('keeps a lifetime that the server has written until the device is started with another one', () => {
    const filename = join(newFolder(), 'session');
    fill(filename);
    expect(open(filename).memory.settings.lifetime).toBe(90);
    const other = open(filename, { settings: { ...settings, lifetime: 120 } });
    expect(other.memory.settings).toMatchObject({ lifetime: 120, alertCode: 51 });
  });

  it.each(Object.keys(scope))('of another %s is not used', (name) => {
    const filename = join(newFolder(), 'session');
    fill(filename);
    const other = open(filename, { scope: { ...scope, [name]: 'other' } });
    expect(other.warnings).toEqual([`${filename} is not used: it belongs to another ${name}`]);
    expect(other.session.every((byte) => byte === 0)).toBe(true);
    expect(other.memory.registration).toBeUndefined();
  });

  it.skipIf(process.platform === 'win32')('that others may read is not used, and is closed to them', () => {
    const filename = join(newFolder(), 'session');
    fill(filename);
    chmodSync(filename, 0o640);
    const again = open(filename);
    expect(again.warnings[0]).toContain('others may read or write it');
    expect(again.memory.registration).toBeUndefined();
    expect(statSync(filename).mode & 0o777).toBe(0o600);
  });

  it('that is truncated or changed anywhere is as new, or as it was written, and never an error', () => {
    const filename = join(newFolder(), 'session');
    fill(filename);
    const text = readFileSync(filename, 'utf8');
    fc.assert(
      fc.property(fc.nat(text.length), fc.string({ maxLength: 8 }), fc.nat(8), (at, inserted, removed) => {
        const changed = text.slice(0, at) + inserted + text.slice(at + removed);
        try {
          const { memory, session } = parseSessionFile(changed, scope);
          expect(session.length).toBeLessThanOrEqual(65_536);
          for (const { path } of memory.reporting.observations) for (const id of path) expect(id).toBeLessThan(65_535);
        } catch (error) {
          expect(error).toBeInstanceOf(SessionFileError);
        }
      }),
      { seed, numRuns: 1_000 },
    );
  });

  it('of any JSON is refused, and never an error of another kind', () => {
    fc.assert(
      fc.property(fc.json(), (text) => {
        expect(() => parseSessionFile(text, scope)).toThrow(SessionFileError);
      }),
      { seed },
    );
  });

  it.each(['', '{', '[]', 'null', '{"avsDemoSession":2}', '\0'.repeat(100)])('of %j is as new', (text) => {
    const filename = join(newFolder(), 'session');
    writeFileSync(filename, text, { mode: 0o600 });
    const kept = open(filename);
    expect(kept.warnings[0]).toMatch(/is not used: it is (?:damaged|not a session file)$/);
    expect(kept.memory.registration).toBeUndefined();
    expect(open(filename).warnings).toEqual([]);
  });

  it('in a folder that is not there is an error at once', () => {
    expect(() => open(join(newFolder(), 'none', 'session'))).toThrow(/ENOENT/);
  });

  it('that can no longer be written is told once, and the device goes on', () => {
    const folder = newFolder();
    const kept = open(join(folder, 'session'));
    rmSync(folder, { recursive: true });
    kept.memory.registration = { location: ['rd'], lifetime: 1, expires: 1 };
    kept.memory.registration = { location: ['rd', '2'], lifetime: 1, expires: 1 };
    expect(kept.warnings).toHaveLength(1);
    expect(kept.warnings[0]).toMatch(/cannot be written .*: a restart will register anew$/);
  });
});

describe('a file of secrets', () => {
  it('is replaced and not followed where a link lies', () => {
    const folder = newFolder();
    const [elsewhere, link] = [join(folder, 'elsewhere'), join(folder, 'link')];
    writeFileSync(elsewhere, 'mine');
    symlinkSync(elsewhere, link);
    writeSecretFile(link, 'secret');
    expect(readFileSync(elsewhere, 'utf8')).toBe('mine');
    expect(readSecretFile(link)).toBe('secret');
  });

  it.each([
    ['a folder', (name: string) => mkdtempSync(name), /not a file/],
    [
      'longer than anything of ours',
      (name: string) => {
        writeFileSync(name, 'x'.repeat(300_000), { mode: 0o600 });
        return name;
      },
      /longer than/,
    ],
  ])('is not read when it is %s', (_what, make, reason) => {
    const filename = make(join(newFolder(), 'x'));
    expect(() => readSecretFile(filename)).toThrow(reason);
  });
});
