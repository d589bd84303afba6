import { describe, expect, it } from 'vitest';
import { rejectionOf } from '../../tls-contract/src/outcomes.js';
import { pskClient, Testbed } from '../../tls-contract/src/testbed.js';
import { clientHelloOf } from '../../tls-contract/src/wire.js';
import { backend, type OpensslSettings, opensslVersion } from '../src/index.js';

describe('the settings that additionalConfiguration is called with', () => {
  it('have the suites as they were configured, and what is made of them is used', async () => {
    await using bed = new Testbed({ client: backend, server: backend });
    let before: OpensslSettings | undefined;
    const { client } = await bed.pair({
      client: {
        ciphersuites: [0xc0a8, 0x00ae],
        additionalConfiguration: (native) => {
          const settings = native as OpensslSettings;
          before = { ...settings };
          settings.ciphersuites = [0x00a8, 0xc0a8];
        },
      },
    });
    expect(before).toMatchObject({ ciphersuites: [0xc0a8, 0x00ae], legacyServers: false, opensslVersion });
    const offered = clientHelloOf(bed.wire[0]?.data ?? new Uint8Array()).ciphersuites;
    // 0x00FF asks for secure renegotiation and is no ciphersuite: RFC 5746 §3.3.
    expect(offered.filter((id) => id !== 0x00ff)).toEqual([0x00a8, 0xc0a8]);
    expect(client.info?.ciphersuite).toBe(0x00a8);
  });

  it('are refused when no suite is left', async () => {
    const additionalConfiguration = (native: unknown): void => {
      (native as OpensslSettings).ciphersuites = [0xc02b];
    };
    const making = backend.createDtlsSocket({ security: pskClient(), additionalConfiguration });
    expect(String(await rejectionOf(making))).toMatch(/EINVAL.*ciphersuites/);
  });
});
