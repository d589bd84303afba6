import type { Choices } from './choices.js';
import type { Role } from './model.js';
import { mutators } from './mutate.js';
import { ContentType, fragment, HandshakeType, handshakeHeader, recordHeader, recordsOf } from './wire.js';
import type { World } from './world.js';

/** What an attacker on the path, a peer with the keys, a user or the time does next. */
export interface Operation {
  readonly name: string;
  readonly run: (world: World, choices: Choices) => void | Promise<void>;
}

/** Where the cookie of a ClientHello without a session begins: headers, version, random, two lengths. RFC 6347 §4.2.1. */
const cookieOffset = recordHeader + handshakeHeader + 2 + 32 + 1 + 1;

const stranger = Uint8Array.of(10, 0, 0, 66, 0x16, 0x33);

const sideOf = (choices: Choices): Role => (choices.chance(128) ? 'client' : 'server');
const other = (role: Role): Role => (role === 'client' ? 'server' : 'client');

/** Delivers the oldest datagram of a side as it is. */
const deliver: Operation = {
  name: 'deliver',
  run: async (world, choices) => {
    const first = sideOf(choices);
    const to = world.pending[first].length > 0 ? first : other(first);
    const datagram = world.pending[to].shift();
    if (datagram !== undefined) world.deliver(to, datagram);
    if (world.pending.client.length + world.pending.server.length === 0) await world.wake();
  },
};

const reorder: Operation = {
  name: 'reorder',
  run: (world, choices) => {
    const to = sideOf(choices);
    const [datagram] = world.pending[to].splice(choices.below(Math.max(1, world.pending[to].length)), 1);
    if (datagram !== undefined) world.deliver(to, datagram);
  },
};

const lose: Operation = { name: 'lose', run: (world, choices) => void world.pending[sideOf(choices)].shift() };

/** Delivers something that was sent before, to whom it was for or back to its sender. */
const replay: Operation = {
  name: 'replay',
  run: (world, choices) => {
    const sent = pickSent(world, choices);
    if (sent === undefined) return;
    world.deliver(choices.chance(40) ? sent.from : other(sent.from), sent.datagram);
  },
};

/** Delivers a spoilt copy, in place of what it was made of or besides. */
const mutate: Operation = {
  name: 'mutate',
  run: (world, choices) => {
    const to = sideOf(choices);
    const queue = world.pending[to];
    const fresh = choices.chance(160) && queue.length > 0;
    let datagram = fresh ? queue[0] : pickSent(world, choices)?.datagram;
    if (datagram === undefined) return;
    if (fresh && choices.chance(128)) queue.shift();
    for (let times = 1 + choices.below(3); times > 0; times -= 1) {
      const part: Uint8Array = pickSent(world, choices)?.datagram ?? datagram;
      datagram = choices.pick(mutators)(datagram, choices, part, world.cidLength(to)).slice(0, 65_507);
    }
    world.deliver(to, datagram, choices.chance(24) ? stranger : undefined);
  },
};

/** A datagram of the client from another address than the one that its cookie, if any, was made for. */
const impersonate: Operation = {
  name: 'impersonate',
  run: (world, choices) => {
    const datagram = choices.chance(128) ? world.pending.server[0] : pickSent(world, choices)?.datagram;
    if (datagram !== undefined && !world.serverExists) world.deliver('server', datagram, stranger);
  },
};

/** A ClientHello whose cookie is not the one that was given. */
const spoilCookie: Operation = {
  name: 'spoil cookie',
  run: (world, choices) => {
    const hello = world.history.findLast(({ from }) => from === 'client')?.datagram.slice();
    if (hello === undefined || world.serverExists) return;
    const at = cookieOffset + choices.below(32);
    if (at < hello.length) hello[at] = (hello[at] ?? 0) ^ (1 << choices.below(8));
    world.deliver('server', hello);
  },
};

const garbage: Operation = {
  name: 'garbage',
  run: (world, choices) => world.deliver(sideOf(choices), choices.bytes(choices.below(80))),
};

/** A record with the real keys around a plaintext that no engine would send. */
const sealGarbage: Operation = {
  name: 'seal garbage',
  run: (world, choices) => {
    const to = sideOf(choices);
    const type = choices.pick([21, 22, 23, 20, 22, 24, 0, 27, 27, choices.byte()]);
    const plaintext = choices.pick([
      () => Uint8Array.of(choices.pick([1, 2, 0, 3]), choices.pick([0, 10, 20, 40, 50, 80, 90, 100, choices.byte()])),
      () => fragment(choices.pick([0, 1, 20, 2, 14, choices.byte()]), 0, choices.below(16), 0, new Uint8Array(0)),
      () => finished(world, to, choices),
      () => Uint8Array.of(choices.pick([0, 1, 2, 3, 255]), ...choices.bytes(choices.pick([8, 8, 8, 7, 9]))),
      () => choices.bytes(choices.below(64)),
      () => new Uint8Array(choices.u16() % 16_500),
    ])();
    world.deliver(to, world.truth.seal(other(to), type, 1, sequence(choices), plaintext));
  },
};

/** A real record, opened, changed, and protected again. */
const reseal: Operation = {
  name: 'reseal',
  run: (world, choices) => {
    const sent = pickSent(world, choices);
    if (sent === undefined) return;
    const records = recordsOf(sent.datagram, world.cidLength(other(sent.from))).filter(({ epoch }) => epoch === 1);
    const record = records[choices.below(Math.max(1, records.length))];
    const read = record && world.truth.read(sent.from, record, sent.datagram);
    if (record === undefined || read === undefined) return;
    const plaintext = read.content;
    const changed = choices.chance(64) ? plaintext : choices.pick(mutators.slice(0, 6))(plaintext, choices, plaintext);
    const type = choices.chance(48) ? choices.pick([20, 21, 22, 23, 24, ContentType.routabilityCheck]) : read.type;
    const number = choices.chance(96) ? record.sequence : sequence(choices);
    world.deliver(other(sent.from), world.truth.seal(sent.from, type, 1, number, changed.slice(0, 16_384)));
  },
};

const passTime: Operation = {
  name: 'time',
  run: (world, choices) => {
    if (choices.chance(160)) world.passTime();
    else {
      world.now += choices.pick([1, 100, 499, 500, 501, 999, 1_000, 70_000]);
      world.fireTimers();
    }
  },
};

const wake: Operation = { name: 'wake', run: (world) => world.wake() };

const send: Operation = {
  name: 'send',
  run: (world, choices) => world.send(sideOf(choices), choices.pick([4, 20, 100, 600, 1_400, 20_000])),
};

const close: Operation = {
  name: 'close',
  run: (world, choices) => {
    const role = sideOf(choices);
    if (choices.chance(200)) world.oracle(role).close(world.now);
    else world.oracle(role).destroy();
  },
};

/** A return routability check: a challenge, or an answer to whatever. */
const check: Operation = {
  name: 'check',
  run: (world, choices) => world.check(sideOf(choices), choices.pick([0, 0, 1, 2] as const), choices.bytes(8)),
};

/** An engine ends without a word, and another one goes on from what it has left. */
const restart: Operation = {
  name: 'restart',
  run: (world, choices) => world.restart(sideOf(choices), choices.chance(128)),
};

/** What an engine or a listener has left, changed on the disk. */
const spoilState: Operation = {
  name: 'spoil state',
  run: (world, choices) => {
    const spoil = (state: Uint8Array): Uint8Array => choices.pick(mutators.slice(0, 6))(state, choices, state);
    world.spoilState(sideOf(choices), spoil);
  },
};

/** An early or superfluous call of `handleTimeout`: harmless, says the interface. */
const poke: Operation = {
  name: 'poke',
  run: (world, choices) => world.oracle(sideOf(choices)).handleTimeout(world.now),
};

/** Every operation, as often as it is to come. A case's byte picks one. */
export const operations: readonly Operation[] = [
  ...Array.from({ length: 12 }, () => deliver),
  reorder,
  reorder,
  lose,
  replay,
  replay,
  ...Array.from({ length: 9 }, () => mutate),
  garbage,
  impersonate,
  spoilCookie,
  sealGarbage,
  sealGarbage,
  sealGarbage,
  reseal,
  reseal,
  reseal,
  passTime,
  passTime,
  wake,
  wake,
  send,
  send,
  send,
  close,
  poke,
  check,
  check,
  restart,
  restart,
  spoilState,
];

function pickSent(world: World, choices: Choices): World['history'][number] | undefined {
  const { history } = world;
  // The newest are the likeliest to matter.
  const back = choices.chance(160) ? choices.below(6) : choices.below(Math.min(256, Math.max(1, history.length)));
  return history[history.length - 1 - Math.min(back, history.length - 1)];
}

function sequence(choices: Choices): number {
  return choices.pick([0, 1, 2, 3, choices.byte(), choices.byte(), 1_000 + choices.u16(), 2 ** 48 - 1]);
}

/** The sender's Finished: real, with another message_seq, or with other verify_data. */
function finished(world: World, to: Role, choices: Choices): Uint8Array {
  const real = world.truth.finished[other(to)] ?? new Uint8Array(12);
  const data = choices.chance(128) ? real : real.map((byte, at) => (at === 11 ? byte ^ 1 : byte));
  return fragment(HandshakeType.finished, data.length, choices.below(6), 0, data);
}
