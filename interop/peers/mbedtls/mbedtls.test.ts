import { describePeer } from '../../src/cells.js';
import { scenarioCells } from '../../src/scenario-cells.js';
import { suiteCells } from '../../src/suite-cells.js';
import { mbedtls, mbedtls3 } from './peer.js';

for (const peer of [mbedtls, mbedtls3]) {
  await describePeer(peer, () => {
    suiteCells(peer);
    scenarioCells(peer);
  });
}
