import { describePeer } from '../../src/cells.js';
import { scenarioCells } from '../../src/scenario-cells.js';
import { suiteCells } from '../../src/suite-cells.js';
import { pion } from './peer.js';

await describePeer(pion, () => {
  suiteCells(pion);
  scenarioCells(pion);
});
