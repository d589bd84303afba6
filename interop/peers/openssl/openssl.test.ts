import { describePeer } from '../../src/cells.js';
import { scenarioCells } from '../../src/scenario-cells.js';
import { suiteCells } from '../../src/suite-cells.js';
import { exporterCells } from './exporter-cells.js';
import { exportingOpenssl, openssl } from './peer.js';

await describePeer(openssl, () => {
  suiteCells(openssl);
  scenarioCells(openssl);
  exporterCells(exportingOpenssl);
});
