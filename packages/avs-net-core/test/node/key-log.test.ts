import { mkdtemp, readFile, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { isErrno } from '../../src/index.js';
import { keyLogFile } from '../../src/node/index.js';

describe('a key log file', () => {
  let folder: string;

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'key-log-'));
  });

  afterAll(() => rm(folder, { recursive: true }));

  it('gets a line for each secret, and only its owner can read it', async () => {
    const file = join(folder, 'keys.log');
    const log = keyLogFile(file);
    log?.('CLIENT_RANDOM 01 02');
    keyLogFile(file)?.('CLIENT_RANDOM 03 04');
    expect(await readFile(file, 'utf8')).toBe('CLIENT_RANDOM 01 02\nCLIENT_RANDOM 03 04\n');
    expect((await stat(file)).mode & 0o777).toBe(0o600);
  });

  it('is the one that SSLKEYLOGFILE names, and there is none without it', async () => {
    vi.stubEnv('SSLKEYLOGFILE', join(folder, 'from-environment.log'));
    keyLogFile()?.('CLIENT_RANDOM 05 06');
    expect(await readFile(join(folder, 'from-environment.log'), 'utf8')).toContain('05 06');
    vi.stubEnv('SSLKEYLOGFILE', '');
    expect(keyLogFile()).toBeUndefined();
    vi.unstubAllEnvs();
  });

  it('that cannot be written is refused at once, by the name of the error and of the file', () => {
    const file = join(folder, 'no', 'such', 'folder.log');
    try {
      keyLogFile(file);
      expect.unreachable();
    } catch (error) {
      expect(isErrno(error, 'ENOENT')).toBe(true);
      expect(String(error)).toContain(file);
    }
  });
});
