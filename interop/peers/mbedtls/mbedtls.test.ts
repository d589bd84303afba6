import { describePeer } from '../../src/cells.js';
import { scenarioCells } from '../../src/scenario-cells.js';
import { suiteCells } from '../../src/suite-cells.js';
import { mbedtls } from './peer.js';

await describePeer(mbedtls, () => {
  suiteCells(mbedtls);
  scenarioCells(mbedtls);
});
