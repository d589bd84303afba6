import { Choices } from './choices.js';
import { Finding } from './finding.js';
import type { Role } from './model.js';
import { operations } from './operations.js';
import { meetBefore } from './past.js';
import { readSetup, type Setup, World } from './world.js';

/** What a case has shown. */
export interface Result {
  /** Datagrams given to an engine or to the admission. */
  readonly inputs: number;
  /** What happened, each kind once: in which state, to which operation, which event. */
  readonly features: ReadonlySet<string>;
  /** How the case ended for client and server, in a word. */
  readonly outcome: string;
  readonly finding: Finding | undefined;
}

/** A case that still has choices after so many steps has said enough. */
const mostSteps = 300;

/** More datagrams than any handshake has, where nothing is lost. */
const wholePrelude = 60;

/** Timers that may run until an engine that hears nothing has given up: 1, 2, 4 and 8 s, for each flight. */
const mostTimers = 60;

/** Runs a case from its first byte to its last, and on until both engines are at rest. */
export async function runCase(bytes: Uint8Array): Promise<Result> {
  const choices = new Choices(bytes);
  const features = new Set<string>();
  let step = 'start';
  const setup = readSetup(choices);
  const past = setup.past && (await meetBefore(setup, setup.past));
  const world = new World(setup, (event) => features.add(`${step}: ${event}`), past);
  const bothAreAt = (state: string): boolean =>
    world.oracle('client').state === state && world.oracle('server').state === state;

  // Most bytes of a short case are to go to what is rare, so a good part of the handshake can come for free.
  step = 'prelude';
  const whole = wholePrelude;
  const prelude = choices.pick([0, 0, 1, 2, 3, 4, 5, 6, 7, 8, whole, whole, whole, whole]);
  for (let i = 0; i < prelude && !bothAreAt('established'); i += 1) await world.exchange();

  const refusal = prelude === wholePrelude ? refusalOf(setup, world) : undefined;

  for (let steps = 0; !choices.isOver && steps < mostSteps && world.finding === undefined; steps += 1) {
    const operation = choices.pick(operations);
    step = operation.name;
    await operation.run(world, choices);
  }
  step = 'end';
  const outcome = `${endOf(world, 'client')} ${endOf(world, 'server')}`;
  const finding = world.finding ?? refusal ?? (await settle(world));
  return { inputs: world.inputs, features, outcome, finding };
}

/** Two engines that nobody disturbs come to an agreement, unless their keys differ; by resumption if both have a good session. */
function refusalOf({ isWrongKey, reaction, maxDatagramSize, connectionIds }: Setup, world: World): Finding | undefined {
  if (reaction.startsWith('close')) return undefined;
  // There a connection ID and padding may leave no room for anything else.
  if (maxDatagramSize <= 100 && connectionIds !== undefined) return undefined;
  const { isToResume } = world;
  if (isToResume === undefined) return undefined;
  const states = [world.oracle('client').state, world.oracle('server').state];
  if (states.every((state) => state === 'established') !== isWrongKey) {
    const resumed = [world.oracle('client').info?.resumed, world.oracle('server').info?.resumed];
    if (isWrongKey || resumed.every((each) => each === isToResume)) return undefined;
    return new Finding(`undisturbed, and with a ${isToResume ? 'good' : 'bad'} session: ${resumed.join(' and ')}`);
  }
  return new Finding(`undisturbed, and with ${isWrongKey ? 'different keys' : 'one key'}: ${states.join(' and ')}`);
}

/** Without the peer every handshake ends by its timers, and after `destroy` nothing does anything. */
async function settle(world: World): Promise<Finding | undefined> {
  await world.wake();
  let timers = 0;
  while (world.passTime()) {
    timers += 1;
    if (timers > mostTimers) return new Finding(`the timers never end: ${timers} have run`);
  }
  const client = world.oracle('client');
  if (client.state === 'handshaking') return new Finding("the client's handshake has no end");
  for (const role of ['client', 'server'] as const) {
    const oracle = world.oracle(role);
    void oracle.info;
    oracle.destroy();
    oracle.destroy();
    oracle.handleTimeout(world.now + 1e9);
    oracle.close(world.now);
    oracle.start(world.now);
    for (const { datagram } of world.history.slice(-8)) oracle.receive(datagram, world.now);
    void oracle.nextTimeout;
    world.send(role, 4);
  }
  await world.wake();
  return world.finding;
}

function endOf(world: World, role: Role): string {
  return role === 'server' && !world.serverExists ? 'none' : world.oracle(role).state;
}
