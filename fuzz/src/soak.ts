import type { Engine, EngineSink } from '@avs-net/core';
import { SeededRandom } from '@avs-net/core/testing';
import { ciphersuite } from '../../packages/tls-pure/dist/ciphersuites.js';
import { nodeProvider } from '../../packages/tls-pure/dist/crypto/node.js';
import { PskCredentials } from '../../packages/tls-pure/dist/dtls12/context.js';
import { PureClientFactory, PureServerFactory } from '../../packages/tls-pure/dist/engine-factories.js';
import { Choices } from './choices.js';
import { Finding } from './finding.js';
import { mutators } from './mutate.js';
import { silentSink } from './silent-sink.js';

/** What is soaked: engines in the middle of a handshake, after one, and after one with connection IDs. */
type Soaked = 'handshaking' | 'established' | 'with connection IDs';

/** What soaking has shown. */
export interface SoakFigures {
  readonly inputs: number;
  /** Bytes by which the heap grew from the first sample to the last, for engines in each state. */
  readonly growth: Readonly<Record<Soaked, number>>;
}

/** What two engines may come to hold beyond their first sample: more than their bounds, less than any leak would be. */
const mostGrowth = 1_000_000;

const key = Uint8Array.from({ length: 16 }, (_, i) => i + 1);
const cid = Uint8Array.of(1, 2, 3, 4, 5, 6, 7, 8);
const address = Uint8Array.of(10, 0, 0, 1, 0x16, 0x33);

/**
 * Gives the same two engines hostile datagrams for a long time, with no time passing, and looks at the heap: what an engine holds is
 * bounded, however much it is sent. `alive` is called now and then. @throws Finding it grows, or an engine gave up.
 */
export async function soak(seed: number, inputs: number, alive: () => void): Promise<SoakFigures> {
  const part = Math.ceil(inputs / 3);
  const handshaking = await soakIn('handshaking', seed, part, alive);
  const established = await soakIn('established', seed, part, alive);
  const withConnectionIds = await soakIn('with connection IDs', seed, part, alive);
  return { inputs, growth: { handshaking, established, 'with connection IDs': withConnectionIds } };
}

async function soakIn(state: Soaked, seed: number, inputs: number, alive: () => void): Promise<number> {
  const random = new SeededRandom(seed);
  const pair = new BarePair();
  const recorded = await pair.begin(state);
  const script = new Uint8Array(64);
  let first = 0;
  for (let i = 0; i < inputs; i += 1) {
    if (i % 10_000 === 0) alive();
    random.fill(script);
    const choices = new Choices(script);
    const datagram = choices.pick(recorded);
    const spoilt = choices.pick(mutators)(datagram, choices, choices.pick(recorded), cid.length);
    (choices.chance(128) ? pair.client : pair.server)?.receive(spoilt, 0);
    pair.outgoing.length = 0;
    if (i === Math.floor(inputs / 10)) first = heapInUse();
    // A handshake can be ended by what it is sent; then the next one is soaked.
    if (state === 'handshaking' && pair.ended) await pair.begin(state);
  }
  const growth = heapInUse() - first;
  if (growth > mostGrowth) throw new Finding(`${state}: engines grew by ${growth} bytes over ${inputs} datagrams`);
  if (state !== 'handshaking' && pair.ended) throw new Finding('an established association was ended by a stranger');
  return growth;
}

/** Two engines and nothing else that could grow. */
class BarePair {
  client: Engine | undefined;
  server: Engine | undefined;
  readonly outgoing: { readonly to: 'client' | 'server'; readonly datagram: Uint8Array }[] = [];
  ended = false;
  #woken = false;

  /** Begins anew, and brings both engines to the middle of a handshake or behind it. @returns all datagrams on the way. */
  async begin(state: Soaked): Promise<Uint8Array[]> {
    const suite = ciphersuite(0xc0a8);
    if (suite === undefined) throw new Error('TLS_PSK_WITH_AES_128_CCM_8 is gone');
    const random = (bytes: Uint8Array): Uint8Array => bytes.fill(0x33);
    const recordPadding = state === 'with connection IDs' ? 1 : undefined;
    const context = {
      provider: nodeProvider,
      suites: [suite],
      random,
      onKeyLog: undefined,
      date: () => 0,
      recordPadding,
    };
    const psk = new PskCredentials(key.slice(), Uint8Array.of(1));
    const clients = new PureClientFactory({ ...context, psk, maxFragmentLength: undefined });
    const servers = new PureServerFactory({ ...context, identityHint: undefined, resolve: async () => key.slice() });
    const connectionId = recordPadding && cid;
    const options = { maxDatagramSize: 1_400, handshakeTimeouts: { min: 1_000, max: 8_000 }, connectionId };
    this.client?.destroy();
    this.server?.destroy();
    this.server = undefined;
    this.ended = false;
    this.outgoing.length = 0;
    this.client = clients.createClient(this.#sink('server'), {
      ...options,
      serverName: undefined,
      session: undefined,
      peer: 'server 5684',
    });
    this.client.start(0);
    const recorded: Uint8Array[] = [];
    for (let steps = 0; steps < 40; steps += 1) {
      for (let turns = 0; turns < 8; turns += 1) await undefined;
      if (this.#woken) this.server?.handleTimeout(0);
      this.#woken = false;
      const next = this.outgoing.shift();
      if (next === undefined) break;
      recorded.push(next.datagram.slice());
      if (next.to === 'client') this.client.receive(next.datagram, 0);
      else if (this.server !== undefined) this.server.receive(next.datagram, 0);
      else {
        const admission = servers.admit(next.datagram, address, 0);
        if (admission.action === 'reply') this.outgoing.push({ to: 'client', datagram: admission.datagram });
        if (admission.action !== 'accept') continue;
        this.server = admission.create(this.#sink('client'), options);
        this.server.start(0);
        this.server.receive(next.datagram, 0);
        // The server's flight is lost, and both wait.
        if (state === 'handshaking') recorded.push(...this.outgoing.splice(0).map(({ datagram }) => datagram));
      }
    }
    return recorded;
  }

  #sink(to: 'client' | 'server'): EngineSink {
    return {
      ...silentSink,
      transmit: (datagram) => this.outgoing.push({ to, datagram }),
      wake: () => {
        this.#woken = true;
      },
      closed: () => {
        this.ended = true;
      },
    };
  }
}

function heapInUse(): number {
  globalThis.gc?.();
  return process.memoryUsage().heapUsed;
}
