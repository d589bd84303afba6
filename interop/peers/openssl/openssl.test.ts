import { describePeer } from '../../src/cells.js';
import { scenarioCells } from '../../src/scenario-cells.js';
import { suiteCells } from '../../src/suite-cells.js';
import { openssl } from './peer.js';

await describePeer(openssl, () => {
  suiteCells(openssl);
  scenarioCells(openssl);
});
