import { describePeer } from '../../src/cells.js';
import { scenarioCells } from '../../src/scenario-cells.js';
import { suiteCells } from '../../src/suite-cells.js';
import { gnutls } from './peer.js';

await describePeer(gnutls, () => {
  suiteCells(gnutls);
  scenarioCells(gnutls);
});
