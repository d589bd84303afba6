import type { Endpoint as Address } from '@avs-net/core';
import type { BackendPair } from '../backends.js';
import { must } from '../violation.js';
import type { Race } from './attacker.js';
import { keyOf } from './ledger.js';
import type { AddressScenario } from './scenario.js';
import { type Conversation, type Traveller, World } from './world.js';

/** What a run has shown. */
export interface AddressOutcome {
  /** Application messages sent, and how many of them arrived. */
  readonly sent: number;
  readonly arrived: number;
  /** Changes of a client's address. */
  readonly moves: number;
  /** What the attacker did. */
  readonly attacks: ReadonlyMap<string, number>;
  /** New addresses that the listener has observed, has validated, and has given up; and datagrams that it held back. */
  readonly observed: number;
  readonly validated: number;
  readonly failed: number;
  readonly heldBack: number;
  /** Virtual ms. */
  readonly time: number;
}

const races: readonly Race[] = ['before', 'after', 'instead'];
const strangers: readonly Address[] = [1, 2, 3].map((i) => ({ host: `203.0.113.${i}`, port: 666 }));

/** Of a message, bytes: what can be sent at once to somebody new, and more than that. */
const longest = 400;

/**
 * Lets clients talk, move, swap and vanish while an attacker copies, replays and forges their records, and checks what must hold whatever happens.
 * @throws Violation what did not hold.
 */
export async function runAddressScenario(pair: BackendPair, scenario: AddressScenario): Promise<AddressOutcome> {
  const world = new World(pair, scenario);
  const { clock, network, violations } = world;
  await world.begin();
  network.setFaults(scenario.faults);
  const run = new Run(world);
  for (let i = 0; i < scenario.steps; i += 1) {
    await run.step();
    await clock.advance(world.random.chance(0.1) ? world.random.integer(0, 9_000) : world.random.integer(0, 300));
    must(violations.length === 0, violations.join('; '));
  }
  network.setFaults({});
  await run.settle();
  must(violations.length === 0, violations.join('; '));
  const { stats } = world.listener ?? {};
  const all = scenario.clients.length + 1;
  must(stats?.associations === all && stats.accepted === all, `${stats?.accepted} handshakes for ${all} clients`);
  const { observed, validated, failed, heldBack } = stats.peerAddresses;
  const time = clock.now();
  await world.end();
  must(violations.length === 0, violations.join('; '));
  const ends = run.conversations.flatMap(({ client, server }) => [...client.sent.values(), ...server.sent.values()]);
  return {
    sent: ends.length,
    arrived: ends.filter((has) => has).length,
    moves: run.moves,
    attacks: world.attacker.deeds,
    observed,
    validated,
    failed,
    heldBack,
    time,
  };
}

class Run {
  moves = 0;

  constructor(private readonly world: World) {}

  get conversations(): Conversation[] {
    const { travellers, settler } = this.world;
    return [...travellers, ...(settler ? [settler] : [])];
  }

  /** Something happens, to somebody. */
  async step(): Promise<void> {
    const { random, travellers, attacker } = this.world;
    const { client, server } = this.#pick(this.conversations);
    const traveller = this.#pick(travellers);
    const dice = random.next();
    if (dice < 0.35) client.say(random, longest);
    else if (dice < 0.55) server.say(random, longest);
    else if (dice < 0.7) await this.#move(traveller);
    else if (dice < 0.76) this.#swap(traveller);
    else if (dice < 0.8) this.#vanish(traveller);
    else if (dice < 0.92) attacker.race(traveller.peer, this.#pick(races), this.#source());
    else attacker.replay(traveller.peer, this.#source(), random.chance(0.5));
  }

  /** The network is good again: after a while everybody is heard everywhere, and each where it really is. */
  async settle(): Promise<void> {
    const { travellers, clock, random } = this.world;
    for (const { nat } of travellers) if (nat && nat.outside === undefined) nat.outside = this.world.freshAddress();
    await clock.advance(30_000);
    for (let round = 0; round < 3; round += 1) {
      for (const end of ['client', 'server'] as const) {
        // Attacks that waited for a message are over after the first round. A short answer goes to whatever address.
        const size = round === 2 ? longest : 0;
        const said = this.conversations.map((each) => [each, each[end].say(random, size)] as const);
        await clock.advance(30_000);
        if (round === 0) continue;
        for (const [each, text] of said) {
          const has = text !== undefined && each[end].sent.get(text);
          must(has === true, `${each.name}: what the ${end} said at the end did not arrive`);
        }
      }
    }
    for (const { name, nat, socket, accepted, peer } of travellers) {
      const real = keyOf(nat?.outside ?? { host: socket.localHost, port: socket.localPort });
      const known = keyOf({ host: accepted.remoteHost, port: accepted.remotePort });
      must(known === real && peer.at === real, `${name} is at ${real}, and the listener has it at ${known}`);
    }
  }

  async #move({ nat, socket }: Traveller): Promise<void> {
    this.moves += 1;
    if (nat) nat.outside = this.world.freshAddress();
    else await this.world.clock.runUntil(socket.rebind());
  }

  /** Two clients have each other's addresses. */
  #swap({ nat }: Traveller): void {
    const other = this.#pick(this.world.travellers).nat;
    if (!nat || !other || nat === other) return;
    this.moves += 2;
    [nat.outside, other.outside] = [other.outside, nat.outside];
  }

  /** Nothing passes, until the next change of address. */
  #vanish({ nat }: Traveller): void {
    if (nat) nat.outside = undefined;
  }

  /** Where the attacker pretends to be: an address of nobody's, of another client, or one that a client has had. */
  #source(): Address {
    const { random, travellers, settler } = this.world;
    if (random.chance(0.5) || settler === undefined) return this.#pick(strangers);
    if (random.chance(0.3)) return { host: settler.socket.localHost, port: settler.socket.localPort };
    const [host = '', port] = this.#pick([...this.#pick(travellers).peer.addresses]).split(' ');
    return { host, port: Number(port) };
  }

  #pick<T>(choices: readonly T[]): T {
    return choices[this.world.random.integer(0, choices.length - 1)] as T;
  }
}
