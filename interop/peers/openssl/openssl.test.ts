import { CiphersuiteNumber, ciphersuiteName } from '@avs-net/core';
import { expect, it } from 'vitest';
import { describePeer } from '../../src/cells.js';
import { outputOf } from '../../src/command.js';
import { scenarioCells } from '../../src/scenario-cells.js';
import { suiteCells } from '../../src/suite-cells.js';
import { dtls10Cells } from './dtls10-cells.js';
import { exporterCells } from './exporter-cells.js';
import { exportingOpenssl, openssl, reconnectingOpenssl } from './peer.js';
import { reconnectionCells } from './reconnection-cells.js';

await describePeer(openssl, () => {
  suiteCells(openssl);
  scenarioCells(openssl);
  exporterCells(exportingOpenssl);
  dtls10Cells(openssl);
  reconnectionCells(reconnectingOpenssl);

  it('has the same names as we for the ciphersuites that it knows', () => {
    const listed = outputOf('openssl', ['ciphers', '-V', '-stdname', 'ALL:PSK:COMPLEMENTOFALL:@SECLEVEL=0']) ?? '';
    const theirs = [...listed.matchAll(/^\s*0x(..),0x(..) - (TLS_\w+)/gm)].map(
      ([, high, low, name]) => [Number(`0x${high}${low}`), name] as const,
    );
    const ours = new Set<number>(Object.values(CiphersuiteNumber));
    const common = theirs.filter(([number]) => ours.has(number));
    expect(common.length).toBeGreaterThan(30);
    for (const [number, name] of common) expect(ciphersuiteName(number)).toBe(name);
  });
});
