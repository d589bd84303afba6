import { coapVersion } from '../../src/node-coap.js';
import type { Peer } from '../../src/peer.js';

/** The CoAP of npm, both ends of it, over our sockets: a user of `dgramView` rather than an implementation of DTLS. */
export const nodeCoap: Peer = {
  name: 'node-coap',
  title: 'node-coap',
  howToGet: 'npm run pnpm -- install',
  gaps: [],
  find: () => coapVersion,
};
