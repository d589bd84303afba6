import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';

const conversation = fileURLToPath(new URL('fixtures/conversation.mjs', import.meta.url));

/** What must not show: the keys, the identity and the data of the conversation, in any notation. */
const secrets = ['a key of sixteen', 'another sixteen.', 'nobody-knows-me', 'attack at dawn'].flatMap((text) => {
  const bytes = Buffer.from(text);
  const hex = bytes.toString('hex');
  return [text, hex, hex.toUpperCase(), bytes.toString('base64'), [...bytes].join(','), [...bytes].join(', ')];
});

function run(entry: string, debug: string | undefined): { status: number | null; stdout: string; stderr: string } {
  const { NODE_DEBUG: _, ...env } = process.env;
  if (debug !== undefined) env['NODE_DEBUG'] = debug;
  return spawnSync(process.execPath, [conversation, entry], { encoding: 'utf8', env });
}

/** Declares what NODE_DEBUG=avs-net shows of a backend, whose built entry is a URL. */
export function describeDebugLog(title: string, entry: string): void {
  describe(`NODE_DEBUG=avs-net with ${title}`, { timeout: 60_000 }, () => {
    it('tells the story of every handshake on stderr, and no secret', () => {
      const { status, stdout, stderr } = run(entry, 'avs-net');
      expect([status, stdout], stderr).toEqual([0, 'done\n']);
      const lines = stderr.trimEnd().split('\n');
      expect(lines.filter((line) => !/^AVS-NET \d+: (client|server)/.test(line))).toEqual([]);
      for (const expected of [
        /client 1 to 10\.0\.0\.1 port 5684: handshake begins/,
        /client 1 to 10\.0\.0\.1 port 5684: flight sent again, 1 so far/,
        /client 1 to .*: handshake done after \d+ ms: 1\.2, TLS_\w+, full, \d+ flights, 1 sent again, server name device\.example/,
        /server 2 of .*: handshake done/,
        /dropped: unauthenticated/,
        /client \d+ to 10\.0\.0\.9 port 5684: handshake failed after 100 ms: ETIMEDOUT/,
        /alert received: fatal \w+/,
        /alert sent: warning close_notify/,
      ]) {
        expect(lines.filter((line) => expected.test(line)).length, `${expected} in\n${stderr}`).toBeGreaterThan(0);
      }
      for (const secret of secrets) expect(stderr.includes(secret), secret).toBe(false);
    });

    it('is silent otherwise', () => {
      for (const debug of [undefined, 'net,tls,avs']) {
        expect(
          run(entry, debug)
            .stderr.split('\n')
            .filter((line) => line.includes('AVS')),
        ).toEqual([]);
      }
    });
  });
}
