import { decodeListener, encodeListener } from '../../packages/avs-net-core/dist/listener-state.js';
import { StoredSession } from '../../packages/avs-net-core/dist/session-buffer.js';
import { ciphersuite } from '../../packages/tls-pure/dist/ciphersuites.js';
import { nodeProvider } from '../../packages/tls-pure/dist/crypto/node.js';
import { PskCredentials } from '../../packages/tls-pure/dist/dtls12/context.js';
import { PureClientFactory, PureServerFactory } from '../../packages/tls-pure/dist/engine-factories.js';
import {
  decodeSavedAssociation,
  encodeSavedAssociation,
} from '../../packages/tls-pure/dist/session/saved-association.js';
import { silentSink } from './silent-sink.js';

const suite = ciphersuite(0xc0a8);
if (suite === undefined) throw new Error('TLS_PSK_WITH_AES_128_CCM_8 is gone');

const key = Uint8Array.from({ length: 16 }, (_, i) => i + 1);
const stateKey = new Uint8Array(32).fill(7);
const context = {
  provider: nodeProvider,
  suites: [suite],
  random: (bytes: Uint8Array) => bytes.fill(0x33),
  onKeyLog: undefined,
  date: () => 0,
  recordPadding: 1,
};
const servers = new PureServerFactory({ ...context, identityHint: undefined, resolve: async () => key.slice() });
const psk = new PskCredentials(key.slice(), Uint8Array.of(1));
const clients = new PureClientFactory({ ...context, psk, maxFragmentLength: undefined });
const options = { maxDatagramSize: 1_400, handshakeTimeouts: { min: 1_000, max: 8_000 } };
const clientOptions = { ...options, serverName: undefined, session: undefined, peer: 'server 5684' };

/** What reads something that an engine, a socket or a listener has left behind. None of them throws, whatever it finds. */
export const stateDecoders: readonly (readonly [name: string, decode: (bytes: Uint8Array) => unknown])[] = [
  ['a saved association', decodeSavedAssociation],
  ['the state of a listener', decodeListener],
  ['the sealed state of a listener', (bytes) => servers.open(bytes, stateKey)],
  [
    'a state that a server goes on from',
    (bytes) => {
      const engine = servers.restoreServer(silentSink, options, bytes);
      engine?.start(0);
      engine?.receive(bytes.slice(), 0);
      engine?.destroy();
    },
  ],
  ['a state that a client goes on from', (bytes) => clients.restoreClient(silentSink, clientOptions, bytes)?.destroy()],
  [
    'a buffer for a session and an association',
    (bytes) => {
      const stored = new StoredSession(bytes.slice());
      stored.read();
      stored.takeAssociation();
      stored.writeAssociation(Uint8Array.of(1, 2, 3));
      stored.write({ store: () => Uint8Array.of(4), destroy: () => undefined });
      stored.writeAssociation(undefined);
    },
  ],
];

const association = encodeSavedAssociation({
  suite,
  master: new Uint8Array(48).fill(1),
  randoms: new Uint8Array(64).fill(2),
  info: {
    version: '1.2',
    ciphersuite: suite.id,
    resumed: false,
    extendedMasterSecret: true,
    encryptThenMac: false,
    pskIdentity: Uint8Array.of(65),
    pskIdentityHint: undefined,
    serverName: 'a.b',
    connectionId: Uint8Array.of(1, 2, 3, 4, 5, 6, 7, 8),
    peerConnectionId: Uint8Array.of(9),
    returnRoutabilityCheck: true,
    maxFragmentLength: 16_384,
    flights: 3,
    retransmissions: 0,
  },
  sequence: 1_000,
  window: { newest: 40, recent: 0xffff_ffff, older: 0 },
  forgeries: 0,
});

const listener = encodeListener({
  cidLength: 8,
  peers: [
    {
      host: '10.0.0.2',
      port: 40_000,
      handshakeId: 7,
      idle: 10,
      state: association.subarray(0, 60),
      unread: [Uint8Array.of(1)],
    },
    { host: '::1', port: 1, handshakeId: 8, idle: 0, state: Uint8Array.of(1), unread: [] },
  ],
});

/** What the mutations of states begin with. */
export const stateSeeds: readonly Uint8Array[] = [
  association,
  listener,
  servers.seal(association, stateKey),
  Uint8Array.of(0, 0, 0, 2, 1, 1, 0, 0, 0, 3, 2, 2, 2, 0, 0),
];
